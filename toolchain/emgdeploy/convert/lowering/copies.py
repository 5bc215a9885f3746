"""Expand and Tile: numbers repeated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, canonical, channels_last, reshape, tf_axis


@lowers("Expand")
def expand(node: Node) -> Value:
    """To the shape that both broadcast to."""
    x = node.value()
    wanted = tuple(int(size) for size in node.constant(1).ravel())
    try:
        shape = np.broadcast_shapes(x.shape, wanted)
    except ValueError:
        raise node.fail(f"repeats {x.shape} to {wanted}") from None
    x = reshape(x, (1,) * (len(shape) - x.rank) + x.shape)
    return repeated(x, [whole // size for whole, size in zip(shape, x.shape, strict=True)])


@lowers("Tile")
def tile(node: Node) -> Value:
    x = node.value()
    counts = [int(count) for count in node.constant(1).ravel()]
    if len(counts) != x.rank or min(counts, default=1) < 1:
        raise node.fail(f"repeats {x.shape} {counts} times")
    return repeated(x, counts)


def repeated(x: Value, counts: Sequence[int]) -> Value:
    """Again and again along each ONNX axis."""
    import tensorflow as tf

    if all(count == 1 for count in counts):
        return x
    x = channels_last(x)
    table = [1] * len(x.order)
    for axis, count in enumerate(counts):
        table[tf_axis(x.rank, axis)] = count
    shape = tuple(size * count for size, count in zip(x.shape, counts, strict=True))
    return canonical(tf.tile(x.tensor, table), shape, x.nonnegative)
