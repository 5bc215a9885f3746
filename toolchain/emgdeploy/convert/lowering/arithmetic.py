"""Add, Sub, Mul, Div, Max, Min: between computed tensors, and with constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import (
    Value,
    arrange,
    canonical,
    canonical_axes,
    channels_last,
    constant_like,
    follow,
    reshape,
)
from emgdeploy.convert.masks import in_range
from emgdeploy.nets.ranges import Range

Combine = Callable[[Any, Any], Any]


@lowers("Add")
def add(node: Node) -> Value:
    """A mask hides as much as the range of the sum can tell."""
    operands = [in_range(o, node.range) if isinstance(o, np.ndarray) else o for o in node.operands]
    return combined(replace(node, operands=tuple(operands)), lambda a, b: a + b)


@lowers("Mul")
def mul(node: Node) -> Value:
    return combined(node, lambda a, b: a * b)


@lowers("Sub")
def sub(node: Node) -> Value:
    """A constant is negated and added, which fuses into the layer before."""
    left, right = node.operands[:2]
    if isinstance(right, np.ndarray):
        return _with_constant(node, node.value(0), -right, lambda a, b: a + b)
    if isinstance(left, np.ndarray):
        return _with_constant(node, node.value(1), left, lambda a, b: b - a)
    difference = _between(node, node.value(0), node.value(1), lambda a, b: a - b)
    return difference.with_tensor(difference.tensor)


@lowers("Max")
def maximum(node: Node) -> Value:
    """Never below the constant, so that a constant which the range does not pass needs no operator."""
    import tensorflow as tf

    return _compared(node, tf.maximum, lambda held, constant: held.stays_above(float(constant.max())))


@lowers("Min")
def minimum(node: Node) -> Value:
    import tensorflow as tf

    return _compared(node, tf.minimum, lambda held, constant: held.stays_below(float(constant.min())))


def _compared(node: Node, combine: Combine, idle: Callable[[Range, NDArray[Any]], bool]) -> Value:
    """In int8 both operands and the output have one scale. It is that of the output: what it clips of an operand
    or a constant would be clipped of the output as well."""
    if len(node.operands) != 2:
        raise node.fail(f"compares {len(node.operands)} tensors; 2 are supported")
    held = node.range
    if held is None:
        return combined(node, combine)
    operands = [o.held(held) if isinstance(o, Value) else _clipped(o, held) for o in node.operands]
    computed = [o for o in operands if isinstance(o, Value)]
    constants = [o for o in operands if isinstance(o, np.ndarray)]
    if computed and constants and idle(held, constants[0]):
        return computed[0]
    return combined(replace(node, operands=tuple(operands)), combine)


def _clipped(constant: NDArray[Any] | None, held: Range) -> NDArray[np.float32]:
    return np.asarray(np.clip(np.asarray(constant, np.float32), held.low, held.high), np.float32)


@lowers("Div")
def div(node: Node) -> Value:
    """By constants, as a multiplication by their inverse; by a tensor within a function that becomes a table."""
    left, right = node.operands[:2]
    if isinstance(right, Value):
        node = replace(node, operands=(left, never_zero(right)))
        return combined(node, (lambda a, b: b / a) if isinstance(left, np.ndarray) else (lambda a, b: a / b))
    divisor = node.constant(1).astype(np.float64)
    if not bool(np.all(divisor)):
        raise node.fail("divides by zero")
    return _with_constant(node, node.value(0), 1.0 / divisor, lambda a, b: a * b)


def never_zero(divisor: Value) -> Value:
    """int8 holds a small divisor as 0; its least step stands in for that."""
    import tensorflow as tf

    if divisor.range is None:
        return divisor
    least, zero = (tf.constant(np.float32(number)) for number in (divisor.range.scale, 0))
    return divisor.with_tensor(tf.where(tf.equal(divisor.tensor, zero), least, divisor.tensor))


def combined(node: Node, combine: Combine) -> Value:
    """A function of two operands, one of which may be constant."""
    left, right = node.operands[:2]
    if isinstance(right, np.ndarray):
        return _with_constant(node, node.value(0), right, combine)
    if isinstance(left, np.ndarray):
        return _with_constant(node, node.value(1), left, combine)
    return _between(node, node.value(0), node.value(1), combine)


def _with_constant(node: Node, x: Value, constant: NDArray[Any], combine: Combine) -> Value:
    import tensorflow as tf

    shape = _together(node, x.shape, constant.shape)
    array = constant.astype(np.float32)
    if shape == x.shape:
        return x.with_tensor(combine(x.tensor, tf.constant(constant_like(x, array))))
    x = _of_rank(x, len(shape))
    array = array.reshape((1,) * (len(shape) - array.ndim) + array.shape)
    axes = canonical_axes(len(shape))
    kept = [axis for axis in axes if axis is not None]
    laid = array.transpose(kept).reshape([1 if axis is None else array.shape[axis] for axis in axes])
    return canonical(combine(x.tensor, tf.constant(laid)), shape)


def _together(node: Node, left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(left, right)
    except ValueError:
        raise node.fail(f"combines shapes {left} and {right}, which do not fit") from None


def _of_rank(x: Value, rank: int) -> Value:
    """Channels-last, with axes of size 1 in front as broadcasting adds them."""
    return channels_last(reshape(x, (1,) * (rank - x.rank) + x.shape))


def _between(node: Node, left: Value, right: Value, combine: Combine) -> Value:
    shape = _together(node, left.shape, right.shape)
    both = left.nonnegative and right.nonnegative
    alike = _in_place(left, right, shape) if node.in_rows else None
    alike = alike or _aligned(left, right, shape)
    if alike is None:
        a, b = _of_rank(left, len(shape)), _of_rank(right, len(shape))
        return canonical(combine(a.tensor, b.tensor), shape, both)
    leader = alike[0] if alike[0].shape == shape else alike[1]
    return leader.with_tensor(combine(alike[0].tensor, alike[1].tensor), nonnegative=both)


def _in_place(left: Value, right: Value, shape: tuple[int, ...]) -> tuple[Value, Value] | None:
    """The larger where it is, cut up into as many axes as the smaller needs to repeat along some of them."""
    if left.shape == shape and left.order != right.order:
        leader = arrange(left, tuple((atom,) for atom in left.flat))
        followed = follow(leader, right)
        return None if followed is None else (leader, followed)
    if right.shape == shape and left.order != right.order:
        found = _in_place(right, left, shape)
        return None if found is None else (found[1], found[0])
    return None


def _aligned(left: Value, right: Value, shape: tuple[int, ...]) -> tuple[Value, Value] | None:
    """Both arranged alike: the smaller like the larger where that moves nothing more, else both channels-last.

    None where neither has the shape of the result, or their axes do not match.
    """
    if left.shape == shape:
        followed = follow(left, right)
        if followed is not None:
            return left, followed
    if right.shape == shape:
        followed = follow(right, left)
        if followed is not None:
            return followed, right
    a, b = channels_last(left), channels_last(right)
    second = follow(a, b)
    if a.shape == shape and second is not None:
        return a, second
    first = follow(b, a)
    if b.shape == shape and first is not None:
        return first, b
    return None
