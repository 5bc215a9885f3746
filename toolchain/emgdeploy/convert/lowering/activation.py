"""Activations. Relu and Relu6 fuse into the layer before them when TFLite is written."""

from __future__ import annotations

import numpy as np

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, arrange, channels_last, constant_like


@lowers("Relu")
def relu(node: Node) -> Value:
    import tensorflow as tf

    x = node.value()
    return x if x.nonnegative else x.with_tensor(tf.nn.relu(x.tensor), nonnegative=True)


@lowers("Clip")
def clip(node: Node) -> Value:
    """The two ranges that TFLite fuses: 0 and up, and 0 to 6."""
    import tensorflow as tf

    x = node.value()
    low, high = _bounds(node)
    if (low, high) == (-np.inf, np.inf):
        return x
    if (low, high) == (0.0, np.inf):
        return relu(node)
    if (low, high) == (0.0, 6.0):
        return x.with_tensor(tf.nn.relu6(x.tensor), nonnegative=True)
    raise node.fail(
        f"clips to {low:g}..{high:g}; 0..6 (ReLU6) and 0..infinity (ReLU) are supported",
        "use ReLU or ReLU6, and fine-tune",
    )


def _bounds(node: Node) -> tuple[float, float]:
    """Opset 11 moved the bounds from attributes to inputs; float32's extremes mean no bound."""
    least, most = node.optional_constant(1), node.optional_constant(2)
    low = node.number("min", -np.inf) if least is None else float(least)
    high = node.number("max", np.inf) if most is None else float(most)
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
