"""Random pools, means and extremes."""

from __future__ import annotations

from support.models.maker import Maker, Value
from support.models.tflite_writer import options
from support.random_models.random_weighted import spatial, window


def max_pool(m: Maker, image: Value) -> Value:
    return _pool(m, image, "MAX_POOL_2D")


def average_pool(m: Maker, image: Value) -> Value:
    return _pool(m, image, "AVERAGE_POOL_2D")


def _pool(m: Maker, image: Value, kind: str) -> Value:
    if m.chance(0.2):  # over the whole image, as before a classifier
        chosen = (image.shape[1], image.shape[2]), (1, 1), (1, 1), False
    else:
        chosen = window(m, image, 4, dilates=False)
    (kernel_h, kernel_w), (stride_h, stride_w), _, same = chosen
    out = m.like((1, *spatial(image, chosen), image.shape[3]), image)
    table = options(
        "Pool2DOptions",
        m.activation(),
        filterHeight=kernel_h,
        filterWidth=kernel_w,
        strideH=stride_h,
        strideW=stride_w,
        padding=0 if same else 1,
    )
    return m.op(kind, [image.index], out, table)


def extreme(m: Maker, image: Value) -> Value:
    """REDUCE_MAX or REDUCE_MIN."""
    shape, named, keep = _reduced(m, image)
    return m.op(m.pick(("REDUCE_MAX", "REDUCE_MIN")), [image.index, m.integers(named)],
                m.like(shape, image), options("ReducerOptions", keepDims=keep))  # fmt: skip


def _reduced(m: Maker, image: Value) -> tuple[tuple[int, ...], list[int], bool]:
    """The shape that is left, the axes that go, and whether they stay as 1."""
    rank = len(image.shape)
    axes = [a for a in range(1, rank) if m.chance(0.5)] or [rank - 1]
    if rank == 4 and m.chance(0.5):
        axes = [1, 2]
    keep = m.chance(0.5)
    shape = tuple(1 if a in axes else d for a, d in enumerate(image.shape) if keep or a not in axes)
    return shape, [a - rank if m.chance(0.3) else a for a in axes], keep


def mean(m: Maker, image: Value) -> Value:
    shape, named, keep = _reduced(m, image)
    spread = image.spread / max(1.0, image.elements / max(1, m.number(1, image.elements))) ** 0.5
    out = m.like(shape, image) if m.chance(0.3) else m.value(shape, spread)
    return m.op("MEAN", [image.index, m.integers(named)], out, options("ReducerOptions", keepDims=keep))
