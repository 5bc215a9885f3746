"""Concat and Pad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from emgdeploy.convert.lowering.registry import Node, Operand, lowers
from emgdeploy.convert.lowering.slices import taken
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
    """Numbers around a tensor: its own, mirrored or repeated, zeros, or another one that its range holds.

    Opset 11 moved the sizes from an attribute to an input, opset 18 added axes.
    """
    x = channels_last(node.value())
    amounts = _amounts(node, x.rank)
    if any(a < 0 or b < 0 for a, b in amounts):
        raise node.fail(f"pads by negative sizes {amounts}")
    mode = node.attributes.get("mode", b"constant")
    mode = mode.decode(errors="replace") if isinstance(mode, bytes) else str(mode)
    if mode == "constant":
        fill = node.optional_constant(2)
        return _filled(
            node, x, amounts, node.number("value", 0.0) if fill is None else float(np.ravel(fill)[0])
        )
    if mode not in ("reflect", "edge", "wrap"):
        raise node.fail(f"pads by {mode!r}")
    if any(
        max(sides) >= size + (mode == "wrap")
        for sides, size in zip(amounts, x.shape, strict=True)
        if any(sides)
    ):
        raise node.fail(f"pads {x.shape} by {amounts}, more than there is to take")
    return padded_by(x, amounts, mode)


def padded_by(x: Value, amounts: Sequence[tuple[int, int]], mode: str) -> Value:
    """A channels-last value with its own numbers around it, as numpy.pad takes them."""
    for axis, sides in enumerate(amounts):
        if any(sides):
            x = taken(x, axis, np.pad(np.arange(x.shape[axis]), sides, mode=cast("Any", mode)))
    return x


def _filled(node: Node, x: Value, amounts: Sequence[tuple[int, int]], value: float) -> Value:
    import tensorflow as tf

    held = node.value().range
    if held is not None and not held.low <= value <= held.high:
        raise node.fail(
            f"pads with {value:g} where int8 holds {held.low:.3g} to {held.high:.3g}",
            "pad with zeros, or put the padding before an activation that reaches so far",
        )
    if value != 0.0:
        for axis, sides in enumerate(amounts):
            x = _between_blocks(x, axis, sides, value)
        return x
    table = [(0, 0)] * len(x.order)
    for axis, sides in enumerate(amounts):
        table[tf_axis(x.rank, axis)] = sides
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, amounts, strict=True))
    return x if shape == x.shape else canonical(tf.pad(x.tensor, table), shape, x.nonnegative)


def _between_blocks(x: Value, axis: int, sides: tuple[int, int], value: float) -> Value:
    """The value with blocks of one number before and behind it along an axis."""
    import tensorflow as tf

    place, sizes = tf_axis(x.rank, axis), [int(size) for size in x.tensor.shape]
    blocks = [
        tf.fill([*sizes[:place], size, *sizes[place + 1 :]], np.float32(value)) if size else None
        for size in sides
    ]
    parts = [part for part in (blocks[0], x.tensor, blocks[1]) if part is not None]
    if len(parts) == 1:
        return x
    shape = (*x.shape[:axis], x.shape[axis] + sum(sides), *x.shape[axis + 1 :])
    return canonical(tf.concat(parts, place), shape, x.nonnegative and value >= 0)


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
