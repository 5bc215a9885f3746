"""Functions of one tensor that TFLite computes in float, and the build as tables.

They are written with operators that TFLite's reference interpreter has: it has no ELU, and no CEIL, and TFLite has no Erf.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.arithmetic import combined, never_zero
from emgdeploy.convert.lowering.registry import LOWERINGS, Node, lowers
from emgdeploy.convert.lowering.value import Value, constant_like
from emgdeploy.convert.masks import in_range, is_mask
from emgdeploy.nets.ranges import covering

# Of SELU (https://arxiv.org/abs/1706.02515), as ONNX has them by default.
_SELU_ALPHA, _SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875
# Abramowitz and Stegun, Handbook of Mathematical Functions, formula 7.1.26: wrong by 1.5e-7 at most.
_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
_ERF_STEP = 0.3275911


def _one(x: Any) -> Any:
    import tensorflow as tf

    return tf.constant(np.float32(x))


def _elu(x: Any, alpha: float, inner: float = 1.0, gamma: float = 1.0) -> Any:
    """gamma * (x, or below 0 alpha * (exp(x / inner) - 1))."""
    import tensorflow as tf

    below = tf.nn.relu(_one(1) - tf.exp(x if inner == 1.0 else x * _one(1 / inner)))
    y = tf.nn.relu(x) - (below if alpha == 1.0 else below * _one(alpha))
    return y if gamma == 1.0 else y * _one(gamma)


def _softplus(x: Any) -> Any:
    """log(1 + exp(x)), without an exponential that overflows."""
    import tensorflow as tf

    return tf.nn.relu(x) + tf.math.log(tf.exp(-tf.abs(x)) + _one(1))


def _erf(x: Any) -> Any:
    import tensorflow as tf

    size = tf.abs(x)
    t = _one(1) / (size * _one(_ERF_STEP) + _one(1))
    sum_ = t * _one(_ERF[-1])
    for factor in reversed(_ERF[:-1]):
        sum_ = (sum_ + _one(factor)) * t
    return tf.sign(x) * (_one(1) - sum_ * tf.exp(-size * size))


@lowers("Elu")
def elu(node: Node) -> Value:
    x = node.value()
    return x.with_tensor(_elu(x.tensor, node.number("alpha", 1.0)))


@lowers("Selu")
def selu(node: Node) -> Value:
    x, alpha, gamma = node.value(), node.number("alpha", _SELU_ALPHA), node.number("gamma", _SELU_GAMMA)
    return x.with_tensor(_elu(x.tensor, alpha, gamma=gamma))


@lowers("Celu")
def celu(node: Node) -> Value:
    x, alpha = node.value(), node.number("alpha", 1.0)
    return x.with_tensor(_elu(x.tensor, alpha, inner=alpha))


@lowers("Softplus")
def softplus(node: Node) -> Value:
    x = node.value()
    return x.with_tensor(_softplus(x.tensor), nonnegative=True)


@lowers("Mish")
def mish(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(x.tensor * tf.tanh(_softplus(x.tensor)))


@lowers("Softsign")
def softsign(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(x.tensor / (tf.abs(x.tensor) + _one(1)))


@lowers("ThresholdedRelu")
def thresholded_relu(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(
        tf.where(x.tensor > _one(node.number("alpha", 1.0)), x.tensor, tf.zeros_like(x.tensor))
    )


@lowers("Erf")
def erf(node: Node) -> Value:
    x = node.value()
    return x.with_tensor(_erf(x.tensor))


@lowers("Ceil")
def ceil(node: Node) -> Value:
    """The reference has FLOOR alone."""
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(-tf.floor(-x.tensor))


@lowers("Reciprocal")
def reciprocal(node: Node) -> Value:
    x = node.value()
    return x.with_tensor(_one(1) / never_zero(x).tensor)


def _plain(name: str, nonnegative: bool = False) -> Callable[[Node], Value]:
    """TensorFlow's function of this name."""

    def lowering(node: Node) -> Value:
        import tensorflow as tf

        x = node.value()
        return x.with_tensor(getattr(tf.math, name)(x.tensor), nonnegative=nonnegative)

    return lowering


_PLAIN = {"Cos": "cos", "Floor": "floor", "Log": "log", "Neg": "negative", "Not": "logical_not",
          "Sign": "sign", "Sin": "sin"}  # fmt: skip
LOWERINGS.update({op: _plain(name) for op, name in _PLAIN.items()})
LOWERINGS["Sqrt"] = _plain("sqrt", nonnegative=True)


def _pair(name: str) -> Callable[[Node], Value]:
    """TensorFlow's function of two operands of this name."""

    def lowering(node: Node) -> Value:
        import tensorflow as tf

        return combined(node, getattr(tf.math, name))

    return lowering


_PAIRS = {"And": "logical_and", "Equal": "equal", "Greater": "greater", "GreaterOrEqual": "greater_equal",
          "Less": "less", "LessOrEqual": "less_equal", "Or": "logical_or"}  # fmt: skip
LOWERINGS.update({op: _pair(name) for op, name in _PAIRS.items()})


@lowers("Pow")
def power(node: Node) -> Value:
    """Squares and square roots have operators of their own."""
    import tensorflow as tf

    exponent = node.operands[1]
    if isinstance(exponent, np.ndarray) and exponent.size == 1:
        x, number = node.value(), float(exponent.ravel()[0])
        if number == 1.0:
            return x
        if number == 2.0:
            return x.with_tensor(x.tensor * x.tensor, nonnegative=True)
        if number == 0.5:
            return x.with_tensor(tf.sqrt(x.tensor), nonnegative=True)
    return combined(node, tf.pow)


@lowers("Cast")
def cast(node: Node) -> Value:
    """Truth becomes 0 and 1, or the other way; float32 stays."""
    import tensorflow as tf

    kinds = {1: tf.float32, 9: tf.bool}
    x, wanted = node.value(), node.integer("to", 1)
    if wanted not in kinds:
        raise node.fail(f"casts to element type number {wanted}; float32 and bool are supported")
    same = x.tensor.dtype == kinds[wanted]
    return x if same else x.with_tensor(tf.cast(x.tensor, kinds[wanted]), nonnegative=wanted == 1)


@lowers("Where")
def where(node: Node) -> Value:
    """One of two operands, each a constant number or arranged like the condition; or by a constant condition."""
    import tensorflow as tf

    if isinstance(node.operands[0], np.ndarray):
        return _chosen_before(node, node.operands[0].astype(bool))
    leader = node.value(0)
    return leader.with_tensor(tf.where(leader.tensor, *(_beside(node, leader, i) for i in (1, 2))))


def _chosen_before(node: Node, first: NDArray[Any]) -> Value:
    """A constant condition, as attention masks are: what is hidden by a huge negative number is a sum with that."""
    shown = [first, ~first]
    constants = [i for i in (1, 2) if isinstance(node.operands[i], np.ndarray)]
    if len(constants) == 2:
        raise node.fail("chooses between constants by a constant")
    place = constants[0] if constants else 2
    kept, x = shown[2 - place], node.value(3 - place)
    if not constants:
        hidden = _kept(node, x, kept)
        return combined(replace(node, op="Add", operands=(hidden, _kept(node, node.value(2), ~kept))), _sum)
    fill = np.where(kept, np.float32(0), node.constant(place).astype(np.float32))
    if not is_mask(fill[~np.broadcast_to(kept, fill.shape)]):
        x = _kept(node, x, kept)
    return combined(replace(node, op="Add", operands=(x, in_range(fill, node.range))), _sum)


def _kept(node: Node, x: Value, kept: NDArray[Any]) -> Value:
    """Zeros in all other places."""
    held = None if x.range is None else covering(min(x.range.low, 0.0), max(x.range.high, 0.0))
    made = combined(replace(node, op="Mul", operands=(x, kept.astype(np.float32)), range=None), _product)
    return made.held(held)


def _sum(a: Any, b: Any) -> Any:
    return a + b


def _product(a: Any, b: Any) -> Any:
    return a * b


def _beside(node: Node, leader: Value, position: int) -> Any:
    import tensorflow as tf

    operand = node.operands[position]
    if isinstance(operand, np.ndarray):
        return tf.constant(constant_like(leader, operand.astype(np.float32)))
    if isinstance(operand, Value) and (operand.dims, operand.order) == (leader.dims, leader.order):
        return operand.tensor
    raise node.fail("chooses between tensors of other shapes than its condition's")
