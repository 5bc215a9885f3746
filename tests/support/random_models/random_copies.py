"""Random operators that put values side by side or repeat them: PACK, GATHER, TILE, BROADCAST_TO."""

from __future__ import annotations

from support.models.maker import LARGEST, Maker, Value
from support.models.tflite_writer import options
from support.random_models.random_elementwise import relu


def pack(m: Maker, image: Value) -> Value:
    """Values of one shape and quantization along a new axis, a constant among them."""
    axis = m.number(1, len(image.shape))
    parts = [image, m.constant_like(image.shape, image), relu(m, image)][: m.number(1, 3)]
    parts = [p if (p.scale, p.zero_point) == (image.scale, image.zero_point) else image for p in parts]
    if len(image.shape) > 4 or len(parts) * image.elements > LARGEST:
        return relu(m, image)
    shape = (*image.shape[:axis], len(parts), *image.shape[axis:])
    named = axis - len(shape) if m.chance(0.3) else axis
    table = options("PackOptions", axis=named, valuesCount=len(parts))
    packed = m.op("PACK", [p.index for p in parts], m.like(shape, image), table)
    return packed if len(shape) < 5 else m.reshaped(packed, (1, shape[1] * shape[2], *shape[3:]))


def gather(m: Maker, image: Value) -> Value:
    """Places along one axis, in any order, some of them twice, or at equal distances."""
    axis = m.number(1, len(image.shape) - 1)
    size = image.shape[axis]
    places = list(range(m.number(0, size - 1), size, m.number(1, 2)))
    if m.chance(0.7):
        places = [m.number(0, size - 1) for _ in range(m.number(1, min(2 * size, 9)))]
    shape = (*image.shape[:axis], len(places), *image.shape[axis + 1 :])
    named = axis - len(shape) if m.chance(0.3) else axis
    table = options("GatherOptions", axis=named, batchDims=0)
    return m.op("GATHER", [image.index, m.integers(places)], m.like(shape, image), table)


def tile(m: Maker, image: Value) -> Value:
    """One axis or two, not all of them, so that the copy stays within four axes."""
    counts = [1] * len(image.shape)
    for axis in (
        {m.number(1, len(counts) - 1) for _ in range(m.number(1, 2))} if len(counts) < 4 else {m.number(1, 3)}
    ):
        counts[axis] = m.number(1, 3)
    shape = tuple(d * c for d, c in zip(image.shape, counts, strict=True))
    out = m.like(shape, image)
    if out.elements > LARGEST or len(counts) > 4:
        return relu(m, image)
    return m.op("TILE", [image.index, m.integers(counts)], out, options("TileOptions"))


def broadcast_to(m: Maker, image: Value) -> Value:
    """Axes of size 1 repeat, and new ones stand behind the batch's."""
    front = (1,) * m.number(0, max(0, 4 - len(image.shape)))
    shape = (*front, *(m.number(1, 3) if d == 1 and a else d for a, d in enumerate(image.shape)))
    out = m.like(shape, image)
    if out.elements > LARGEST or len(shape) > 5:
        return relu(m, image)
    return m.op("BROADCAST_TO", [image.index, m.integers(shape)], out, options("BroadcastToOptions"))


def join_constant(m: Maker, image: Value) -> Value:
    """CONCATENATION with a constant, as a class token or learned places are."""
    axis = m.number(1, len(image.shape) - 1)
    extra = (*image.shape[:axis], m.number(1, 3), *image.shape[axis + 1 :])
    parts = [image, m.constant_like(extra, image)]
    shape = (*image.shape[:axis], image.shape[axis] + extra[axis], *image.shape[axis + 1 :])
    table = options("ConcatenationOptions", "NONE", axis=axis)
    order = parts if m.chance(0.5) else parts[::-1]
    return m.op("CONCATENATION", [p.index for p in order], m.like(shape, image), table)
