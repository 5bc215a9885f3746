"""Resize by the nearest place, and channels dealt out into space: DepthToSpace, SpaceToDepth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.copies import repeated
from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.slices import taken
from emgdeploy.convert.lowering.value import Value, channels_last, reshape, transpose

Places = NDArray[np.float64]
# Where an output's place lies in the input: of places (N,), the scale, the sizes of input and output.
_COORDINATES: dict[str, Callable[[Places, float, int, int], Places]] = {
    "half_pixel": lambda x, scale, size, new: (x + 0.5) / scale - 0.5,
    "pytorch_half_pixel": lambda x, scale, size, new: (x + 0.5) / scale - 0.5 if new > 1 else 0 * x,
    "align_corners": lambda x, scale, size, new: x * (size - 1) / (new - 1) if new > 1 else 0 * x,
    "asymmetric": lambda x, scale, size, new: x / scale,
}
_NEAREST: dict[str, Callable[[Places], Places]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


@lowers("Resize")
def resize(node: Node) -> Value:
    """Each axis for itself: whole multiples where neighbours repeat, any other places by a gather."""
    mode = _text(node, "mode", "nearest")
    if mode != "nearest":
        raise node.fail(
            f"resizes by {mode!r}; 'nearest' is supported", "resize by 'nearest' and let a convolution follow"
        )
    x = channels_last(node.value())
    for axis, (scale, new) in enumerate(_sizes(node, x.shape)):
        if (scale, new) != (1.0, x.shape[axis]):
            x = _resized(node, x, axis, scale, new)
    return x


def _resized(node: Node, x: Value, axis: int, scale: float, new: int) -> Value:
    coordinates = _COORDINATES.get(_text(node, "coordinate_transformation_mode", "half_pixel"))
    nearest = _NEAREST.get(_text(node, "nearest_mode", "round_prefer_floor"))
    if coordinates is None or nearest is None:
        raise node.fail("resizes with coordinates that are not supported")
    size = x.shape[axis]
    places = nearest(coordinates(np.arange(new, dtype=np.float64), scale, size, new))
    found = np.clip(places, 0, size - 1).astype(np.int64)
    times = new // size
    if times * size == new and np.array_equal(found, np.repeat(np.arange(size), times)):
        return _spread(x, axis, times)
    return taken(x, axis, found)


def _spread(x: Value, axis: int, times: int) -> Value:
    """Each place so many times: a new axis behind it, along which the same stands."""
    shape = x.shape
    beside = reshape(x, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
    counts = [times if i == axis + 1 else 1 for i in range(len(shape) + 1)]
    return channels_last(
        reshape(repeated(beside, counts), (*shape[:axis], shape[axis] * times, *shape[axis + 1 :]))
    )


def _sizes(node: Node, shape: tuple[int, ...]) -> list[tuple[float, int]]:
    """(scale, new size) of each axis, from scales or sizes; opset 18 names the axes."""
    scales, sizes = node.optional_constant(2), node.optional_constant(3)
    axes = [node.normal_axis(a, len(shape)) for a in node.ints("axes", tuple(range(len(shape))))]
    found = [(1.0, size) for size in shape]
    given = sizes if sizes is not None and sizes.size else scales
    if given is None or given.size != len(axes):
        raise node.fail("resizes without a size for each axis")
    for axis, number in zip(axes, given.ravel().tolist(), strict=True):
        new = int(number) if given is sizes else int(np.floor(shape[axis] * float(np.float32(number))))
        scale = new / shape[axis] if given is sizes else float(number)
        if new < 1:
            raise node.fail(f"leaves nothing of {shape}")
        found[axis] = (scale, new)
    return found


@lowers("DepthToSpace")
def depth_to_space(node: Node) -> Value:
    """Axes are split, renamed and joined. PixelShuffle (CRD) has the places of a block innermost: its channels are put
    in the other order first."""
    x, b = node.value(), node.integer("blocksize", 0)
    n, channels, height, width = _four(node, x)
    if b < 1 or channels % (b * b):
        raise node.fail(f"deals {channels} channels out into blocks of {b}")
    if _text(node, "mode", "DCR") == "CRD":
        order = np.arange(channels).reshape(channels // (b * b), b * b).T.ravel()
        x = taken(channels_last(x), 1, order)
    parts = transpose(reshape(x, (n, b, b, channels // (b * b), height, width)), (0, 3, 4, 1, 5, 2))
    return reshape(parts, (n, channels // (b * b), height * b, width * b))


@lowers("SpaceToDepth")
def space_to_depth(node: Node) -> Value:
    x, b = node.value(), node.integer("blocksize", 0)
    n, channels, height, width = _four(node, x)
    if b < 1 or height % b or width % b:
        raise node.fail(f"joins blocks of {b} of an image of {height} x {width}")
    parts = transpose(reshape(x, (n, channels, height // b, b, width // b, b)), (0, 3, 5, 1, 2, 4))
    return reshape(parts, (n, channels * b * b, height // b, width // b))


def _four(node: Node, x: Value) -> tuple[int, int, int, int]:
    if x.rank != 4:
        raise node.fail(f"works on images, and gets a tensor of rank {x.rank}")
    n, channels, height, width = x.shape
    return n, channels, height, width


def _text(node: Node, name: str, default: str) -> str:
    found = node.attributes.get(name, default)
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)
