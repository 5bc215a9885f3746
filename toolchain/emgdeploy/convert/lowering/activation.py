"""Activations. Relu and Relu6 fuse into the layer before them when TFLite is written."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, arrange, channels_last, constant_like
from emgdeploy.nets.ranges import covering


@lowers("Relu")
def relu(node: Node) -> Value:
    return _rectified(node.value())


def _rectified(x: Value) -> Value:
    import tensorflow as tf

    if x.nonnegative or (x.range is not None and x.range.low >= 0):
        return replace(x, nonnegative=True)
    return x.with_tensor(tf.nn.relu(x.tensor), nonnegative=True)


@lowers("Clip")
def clip(node: Node) -> Value:
    """0 and up, and 0 to 6, are what TFLite fuses; other bounds become MINIMUM and MAXIMUM."""
    import tensorflow as tf

    x = node.value()
    low, high = _bounds(node)
    if (low, high) == (-np.inf, np.inf):
        return x
    if (low, high) == (0.0, 6.0):
        return x.with_tensor(tf.nn.relu6(x.tensor), nonnegative=True)
    if (low, high) == (0.0, np.inf):
        return _rectified(x)
    return _compared(x.held(node.range), low, high)


def _compared(x: Value, low: float, high: float) -> Value:
    """Comparisons have one scale on both sides: that of their output, which holds nothing beyond the bounds.
    A bound at which it ends therefore needs no operator."""
    import tensorflow as tf

    known = x.range
    if low > -np.inf and not (known is not None and known.stays_above(low)):
        if low == 0.0:
            x = _rectified(x)
        else:
            x = x.with_tensor(tf.maximum(x.tensor, tf.constant(np.float32(low))), nonnegative=low > 0)
        x = x.held(known)
    if high < np.inf and not (known is not None and known.stays_below(high)):
        x = x.with_tensor(tf.minimum(x.tensor, tf.constant(np.float32(high))), nonnegative=x.nonnegative)
        x = x.held(known)
    return x if low < 0 else replace(x, nonnegative=True)


def _bounds(node: Node) -> tuple[float, float]:
    """Opset 11 moved the bounds from attributes to inputs; float32's extremes mean no bound."""
    least, most = node.optional_constant(1), node.optional_constant(2)
    low = node.number("min", -np.inf) if least is None else float(least.ravel()[0])
    high = node.number("max", np.inf) if most is None else float(most.ravel()[0])
    limit = float(np.finfo(np.float32).max)
    return (-np.inf if low <= -limit else low), (np.inf if high >= limit else high)


@lowers("LeakyRelu")
def leaky_relu(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(tf.nn.leaky_relu(x.tensor, alpha=node.number("alpha", 0.01)))


@lowers("PRelu")
def prelu(node: Node) -> Value:
    """One slope is a LEAKY_RELU; a slope for each channel is written so that TFLite knows its PRELU."""
    import tensorflow as tf

    x = channels_last(node.value())
    slope = node.constant(1).astype(np.float32)
    if slope.size == 1:
        return x.with_tensor(tf.nn.leaky_relu(x.tensor, alpha=float(slope.ravel()[0])))
    try:
        alpha = constant_like(x, slope)
    except ValueError as error:
        raise node.fail(f"has slopes that do not fit: {error}") from None
    alpha = alpha.reshape(alpha.shape[1:])  # PRELU's slopes have no batch axis
    return x.with_tensor(tf.nn.relu(x.tensor) + tf.constant(-alpha) * tf.nn.relu(-x.tensor))


@lowers("Sigmoid")
def sigmoid(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(tf.nn.sigmoid(x.tensor), nonnegative=True)


@lowers("Tanh")
def tanh(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(tf.nn.tanh(x.tensor), nonnegative=x.nonnegative)


@lowers("HardSigmoid")
def hard_sigmoid(node: Node) -> Value:
    """max(0, min(1, alpha * x + beta)), as ReLU6 of a sixth. ONNX has no names for the tensors in between,
    so that their ranges are set here."""
    import tensorflow as tf

    x = node.value()
    slope, offset = 6 * node.number("alpha", 0.2), 6 * node.number("beta", 0.5)
    known = x.range is not None or node.range is not None
    if not math.isclose(slope, 1.0, rel_tol=1e-6):
        found = None if x.range is None else covering(*sorted((slope * x.range.low, slope * x.range.high)))
        x = x.with_tensor(x.tensor * tf.constant(np.float32(slope))).held(found)
    gate = x.with_tensor(tf.nn.relu6(x.tensor + tf.constant(np.float32(offset))), nonnegative=True)
    gate = gate.held(covering(0.0, 6.0) if known else None)
    return gate.with_tensor(gate.tensor * tf.constant(np.float32(1 / 6)), nonnegative=True)


@lowers("HardSwish")
def hard_swish(node: Node) -> Value:
    """Written as the converter knows HARD_SWISH."""
    import tensorflow as tf

    x = node.value()
    gate = tf.nn.relu6(x.tensor + tf.constant(np.float32(3))) * tf.constant(np.float32(1 / 6))
    return x.with_tensor(x.tensor * gate)


@lowers("Gelu")
def gelu(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    approximate = node.attributes.get("approximate", b"none") in (b"tanh", "tanh")
    return x.with_tensor(tf.nn.gelu(x.tensor, approximate=approximate))


@lowers("Abs")
def absolute(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x if x.nonnegative else x.with_tensor(tf.abs(x.tensor), nonnegative=True)


@lowers("Exp")
def exp(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x.with_tensor(tf.exp(x.tensor), nonnegative=True)


@lowers("Softmax")
def softmax(node: Node) -> Value:
    """Over one axis. Softmax treats every place alike, so a shuffled vector needs no sorting first."""
    import tensorflow as tf

    x = node.value()
    axis = node.axis(-1, x.rank)
    atoms = tuple(atom for atom in x.flat if atom[0] == axis)
    others = tuple((atom,) for atom in x.flat if atom[0] != axis)
    x = arrange(x, (*(others or ((),)), atoms))
    return x.with_tensor(tf.nn.softmax(x.tensor), nonnegative=True)


@lowers("Identity", "Dropout")
def identity(node: Node) -> Value:
    """Dropout does nothing after training."""
    return node.value()
