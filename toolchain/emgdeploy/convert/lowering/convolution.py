"""Conv: dense, depthwise and grouped, over images (rank 4) and sequences (rank 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.padding import Window, padded, window_of
from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.stack import is_batch, stacked
from emgdeploy.convert.lowering.value import Value, canonical, channels_last
from emgdeploy.convert.lowering.volume import volume_conv


@lowers("Conv")
def conv(node: Node) -> Value:
    """Channels-last convolution; PAD only where neither SAME nor VALID says what ONNX says."""
    import tensorflow as tf

    weights = node.constant(1)
    if node.value().rank == 5:
        return volume_conv(node, conv)
    if is_batch(node.value()):
        return stacked(node, tuple(weights.shape[2:]), conv, zeros_count=True, held=node.enough)
    x = channels_last(node.value())
    if x.rank not in (3, 4) or weights.ndim != x.rank:
        raise node.fail(f"convolves a tensor of rank {x.rank}; 3, 4 and 5 are supported")
    window = window_of(node, x, tuple(weights.shape[2:]))
    tensor, padding = padded(x, window)
    y = _convolve(node, x, tensor, _as_image(weights), window, padding)
    bias = node.optional_constant(2)
    if bias is not None:
        y = tf.nn.bias_add(y, tf.constant(bias.astype(np.float32)))
    return canonical(y, (1, int(weights.shape[0]), *window.output))


def _as_image(weights: NDArray[Any]) -> NDArray[np.float32]:
    """(outputs, inputs, H[, W]) -> (outputs, inputs, H, W)."""
    if weights.ndim == 3:
        weights = weights[..., np.newaxis]
    return weights.astype(np.float32)


def _convolve(
    node: Node, x: Value, tensor: Any, weights: NDArray[np.float32], window: Window, padding: str
) -> Any:
    import tensorflow as tf

    groups, inputs = node.integer("group", 1), x.shape[1]
    outputs = weights.shape[0]
    if groups < 1 or inputs % groups or outputs % groups or weights.shape[1] != inputs // groups:
        raise node.fail(f"has weights {weights.shape} in {groups} groups for {inputs} input channels")
    walk = {"strides": [1, *window.stride, 1], "dilations": [1, *window.dilation, 1], "padding": padding}
    if groups == inputs and groups > 1:
        kernel = weights.reshape(inputs, outputs // inputs, *weights.shape[2:]).transpose(2, 3, 0, 1)
        return tf.raw_ops.DepthwiseConv2dNative(input=tensor, filter=tf.constant(kernel), **walk)
    kernel = _dense_groups(weights, groups).transpose(2, 3, 1, 0)
    return tf.raw_ops.Conv2D(input=tensor, filter=tf.constant(kernel), **walk)


def _dense_groups(weights: NDArray[np.float32], groups: int) -> NDArray[np.float32]:
    """Grouped weights as dense ones with zeros between the groups, as the device computes them anyway."""
    if groups == 1:
        return weights
    outputs, depth = weights.shape[:2]
    dense = np.zeros((outputs, depth * groups, *weights.shape[2:]), np.float32)
    each = outputs // groups
    for g in range(groups):
        dense[g * each : (g + 1) * each, g * depth : (g + 1) * depth] = weights[g * each : (g + 1) * each]
    return dense
