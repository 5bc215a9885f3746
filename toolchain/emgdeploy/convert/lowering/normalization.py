"""BatchNormalization that export and simplification could not fold into a convolution."""

from __future__ import annotations

import numpy as np

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, canonical, channels_last, constant_like


@lowers("BatchNormalization")
def batch_normalization(node: Node) -> Value:
    """On images a 1x1 depthwise convolution: one operator, int8 scales for each channel. Else Mul and Add."""
    import tensorflow as tf

    if node.integer("training_mode", 0):
        raise node.fail("is in training mode", "export the network in evaluation mode: network.eval()")
    x = channels_last(node.value())
    gamma, beta, mean, variance = (node.constant(i).astype(np.float64) for i in range(1, 5))
    if x.rank < 2 or any(p.shape != (x.shape[1],) for p in (gamma, beta, mean, variance)):
        raise node.fail(f"has parameters that do not fit its input {x.shape}")
    factor = gamma / np.sqrt(variance + node.number("epsilon", 1e-5))
    offset = beta - mean * factor
    if x.rank not in (3, 4):
        spread = (1, -1, *(1,) * (x.rank - 2))
        y = x.tensor * tf.constant(constant_like(x, factor.reshape(spread).astype(np.float32)))
        return x.with_tensor(y + tf.constant(constant_like(x, offset.reshape(spread).astype(np.float32))))
    kernel = tf.constant(factor.reshape(1, 1, -1, 1).astype(np.float32))
    y = tf.raw_ops.DepthwiseConv2dNative(input=x.tensor, filter=kernel, strides=[1, 1, 1, 1], padding="VALID")
    return canonical(tf.nn.bias_add(y, tf.constant(offset.astype(np.float32))), x.shape)
