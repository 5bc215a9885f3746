"""BatchNormalization that export and simplification could not fold into a convolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.stack import as_rows, from_rows, is_batch
from emgdeploy.convert.lowering.value import Value, canonical, channels_last


@lowers("BatchNormalization")
def batch_normalization(node: Node) -> Value:
    """A 1x1 depthwise convolution: one operator, int8 scales for each channel."""
    import tensorflow as tf

    if node.integer("training_mode", 0):
        raise node.fail("is in training mode", "export the network in evaluation mode: network.eval()")
    given = node.value()
    if is_batch(given) and given.rank in (2, 3, 4):
        image = replace(node, operands=(as_rows(given), *node.operands[1:]))
        return from_rows(batch_normalization(image), given.shape[0], given.rank)
    x = channels_last(given)
    if x.rank not in (2, 3, 4):
        raise node.fail(f"normalizes a tensor of rank {x.rank}; 2, 3 and 4 are supported")
    gamma, beta, mean, variance = (node.constant(i).astype(np.float64) for i in range(1, 5))
    if any(p.shape != (x.shape[1],) for p in (gamma, beta, mean, variance)):
        raise node.fail(f"has parameters that do not fit its input {x.shape}")
    factor = gamma / np.sqrt(variance + node.number("epsilon", 1e-5))
    offset = beta - mean * factor
    image = tf.reshape(x.tensor, (1, 1, 1, x.shape[1])) if x.rank == 2 else x.tensor
    kernel = tf.constant(factor.reshape(1, 1, -1, 1).astype(np.float32))
    y = tf.raw_ops.DepthwiseConv2dNative(input=image, filter=kernel, strides=[1, 1, 1, 1], padding="VALID")
    y = tf.nn.bias_add(y, tf.constant(offset.astype(np.float32)))
    return canonical(tf.reshape(y, x.shape) if x.rank == 2 else y, x.shape)
