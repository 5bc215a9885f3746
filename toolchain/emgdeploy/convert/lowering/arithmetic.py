"""Add, Sub, Mul, Div, Max, Min: between computed tensors, and with constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, channels_last, constant_like, follow
from emgdeploy.nets.ranges import Range

Combine = Callable[[Any, Any], Any]


@lowers("Add")
def add(node: Node) -> Value:
    return combined(node, lambda a, b: a + b)


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
    """By constants, as a multiplication by their inverse; or a constant by a tensor."""
    if isinstance(node.operands[0], np.ndarray):
        return combined(node, lambda a, b: b / a)
    divisor = node.constant(1).astype(np.float64)
    if not bool(np.all(divisor)):
        raise node.fail("divides by zero")
    return _with_constant(node, node.value(0), 1.0 / divisor, lambda a, b: a * b)


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

    try:
        array = constant_like(x, constant.astype(np.float32))
    except ValueError as error:
        raise node.fail(f"combines shapes that do not fit: {error}") from None
    return x.with_tensor(combine(x.tensor, tf.constant(array)))


def _between(node: Node, left: Value, right: Value, combine: Combine) -> Value:
    try:
        shape = np.broadcast_shapes(left.shape, right.shape)
    except ValueError:
        raise node.fail(f"combines shapes {left.shape} and {right.shape}") from None
    a, b = _aligned(node, left, right, shape)
    leader = a if a.shape == shape else b
    if leader.shape != shape:
        raise node.fail(f"combines shapes {left.shape} and {right.shape} into {shape}")
    both = left.nonnegative and right.nonnegative
    return leader.with_tensor(combine(a.tensor, b.tensor), nonnegative=both)


def _aligned(node: Node, left: Value, right: Value, shape: tuple[int, ...]) -> tuple[Value, Value]:
    """Both arranged alike: the smaller like the larger where that moves nothing more, else both channels-last."""
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
    raise node.fail(f"combines shapes {left.shape} and {right.shape}, neither of which is {shape}")
