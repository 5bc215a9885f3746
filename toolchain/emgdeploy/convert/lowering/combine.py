"""Concat and Pad."""

from __future__ import annotations

import numpy as np

from emgdeploy.convert.lowering.registry import Node, Operand, lowers
from emgdeploy.convert.lowering.value import Value, canonical, channels_last, plain_axes, tf_axis


@lowers("Concat")
def concat(node: Node) -> Value:
    """Computed tensors and constants joined along one axis, all in the range of what comes out."""
    import tensorflow as tf

    parts = [_part(node, operand) for operand in node.operands]
    first = parts[0].shape
    axis = node.axis(1, len(first))
    if any(p.shape[:axis] + p.shape[axis + 1 :] != first[:axis] + first[axis + 1 :] for p in parts):
        raise node.fail(f"joins shapes {[p.shape for p in parts]} along axis {axis}")
    total = sum(p.shape[axis] for p in parts)
    joined = tf.concat([p.tensor for p in parts], tf_axis(len(first), axis))
    return canonical(joined, (*first[:axis], total, *first[axis + 1 :]), all(p.nonnegative for p in parts))


def _part(node: Node, operand: Operand) -> Value:
    import tensorflow as tf

    if isinstance(operand, Value):
        return channels_last(operand)
    array = np.asarray(operand, np.float32)
    if node.range is not None:
        array = np.clip(array, node.range.low, node.range.high)
    whole = plain_axes(tf.constant(array), array.shape, nonnegative=bool((array >= 0).all()))
    return channels_last(whole)


@lowers("Pad")
def pad(node: Node) -> Value:
    """Zeros around a tensor; opset 11 moved the sizes from an attribute to an input, opset 18 added axes."""
    import tensorflow as tf

    x = channels_last(node.value())
    mode = node.attributes.get("mode", b"constant")
    if mode not in (b"constant", "constant"):
        raise node.fail(f"pads by {mode!r}; only zeros are supported")
    fill = node.optional_constant(2)
    value = node.number("value", 0.0) if fill is None else float(np.ravel(fill)[0])
    if value != 0.0:
        raise node.fail(f"pads with {value:g}; only zeros are supported")
    amounts = _amounts(node, x.rank)
    if any(a < 0 or b < 0 for a, b in amounts):
        raise node.fail(f"pads by negative sizes {amounts}")
    table = [(0, 0)] * len(x.order)
    for axis, sides in enumerate(amounts):
        table[tf_axis(x.rank, axis)] = sides
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, amounts, strict=True))
    if shape == x.shape:
        return x
    return canonical(tf.pad(x.tensor, table), shape, x.nonnegative)


def _amounts(node: Node, rank: int) -> list[tuple[int, int]]:
    """(before, after) for each ONNX axis."""
    given = node.optional_constant(1)
    sizes = node.ints("pads", ()) if given is None else tuple(int(size) for size in given.ravel())
    named = node.optional_constant(3)
    axes = list(range(rank)) if named is None else [node.normal_axis(int(a), rank) for a in named.ravel()]
    if len(sizes) != 2 * len(axes):
        raise node.fail(f"has {len(sizes)} padding sizes for {len(axes)} axes")
    amounts = [(0, 0)] * rank
    for i, axis in enumerate(axes):
        amounts[axis] = (sizes[i], sizes[i + len(axes)])
    return amounts
