"""Normalizations: by statistics of training, folded into one operator, and by those of the window itself.

The latter stay in float32 between two int8 tensors, which a build computes exactly: int8 has no room for squares of
small differences.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.stack import as_rows, from_rows, is_batch
from emgdeploy.convert.lowering.value import Value, arrange, canonical, channels_last, constant_like, reshape


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


@lowers("LayerNormalization")
def layer_normalization(node: Node) -> Value:
    """Over all axes from `axis` on."""
    if any(node.outputs[1:]):
        raise node.fail("also gives its mean or deviation, which is not supported")
    x = node.value()
    axes = range(node.axis(-1, x.rank), x.rank)
    y = _normalized(x, axes, node.number("epsilon", 1e-5))
    return _affine(node, y, node.constant(1), node.optional_constant(2))


@lowers("RMSNormalization")
def rms_normalization(node: Node) -> Value:
    x = node.value()
    axes = range(node.axis(-1, x.rank), x.rank)
    return _affine(node, _normalized(x, axes, node.number("epsilon", 1e-5), centred=False), node.constant(1))


@lowers("InstanceNormalization")
def instance_normalization(node: Node) -> Value:
    """Each channel by itself."""
    x = node.value()
    y = _normalized(x, range(2, x.rank), node.number("epsilon", 1e-5))
    scale, shift = (node.constant(i).reshape(-1, *[1] * (x.rank - 2)) for i in (1, 2))
    return _affine(node, y, scale, shift)


@lowers("GroupNormalization")
def group_normalization(node: Node) -> Value:
    """Groups of channels, as opset 21 has it: a scale for each channel."""
    x = node.value()
    groups, channels = node.integer("num_groups", 1), x.shape[1]
    if groups < 1 or channels % groups:
        raise node.fail(f"divides {channels} channels into {groups} groups")
    split = (x.shape[0], groups, channels // groups, *x.shape[2:])
    y = _normalized(reshape(x, split), range(2, len(split)), node.number("epsilon", 1e-5))
    scale, shift = (node.constant(i).reshape(-1, *[1] * (x.rank - 2)) for i in (1, 2))
    return _affine(node, reshape(y, x.shape), scale, shift)


def _normalized(x: Value, axes: Collection[int], epsilon: float, centred: bool = True) -> Value:
    """What lies along the axes with mean 0 and mean square 1 (RMSNorm: as it is, with mean square 1)."""
    import tensorflow as tf

    y = _apart(x, axes)
    difference = y.tensor - mean_in_place(y, axes).tensor if centred else y.tensor
    variance = mean_in_place(y.with_tensor(difference * difference), axes).tensor
    root = tf.math.rsqrt(variance + tf.constant(np.float32(epsilon)))
    return arrange(y.with_tensor(difference * root), x.order)


def mean_in_place(x: Value, axes: Collection[int]) -> Value:
    """The mean along ONNX axes, which keep the size 1, of numbers that stay where they are."""
    import tensorflow as tf

    y = _apart(x, axes)
    over = [t for t, group in enumerate(y.order) if any(axis in axes for axis, _ in group)]
    dims = tuple(() if axis in axes else sizes for axis, sizes in enumerate(y.dims))
    order = tuple(() if t in over else group for t, group in enumerate(y.order))
    return Value(tf.reduce_mean(y.tensor, axis=over, keepdims=True), dims, order, x.nonnegative)


def _apart(x: Value, axes: Collection[int]) -> Value:
    """The same numbers in the same place, each TensorFlow axis along the given ONNX axes or along others only."""
    order: list[tuple[Any, ...]] = []
    for atom in x.flat:
        if order and (order[-1][0][0] in axes) == (atom[0] in axes):
            order[-1] = (*order[-1], atom)
        else:
            order.append((atom,))
    return arrange(x, ((), *order))


def _affine(node: Node, y: Value, scale: NDArray[Any], shift: NDArray[Any] | None = None) -> Value:
    """Factors of 1 and sums with 0 are left out: exporters write them where the network has none."""
    import tensorflow as tf

    try:
        if not np.all(scale == 1):
            factor = tf.constant(constant_like(y, scale.astype(np.float32)))
            y = y.with_tensor(y.tensor * factor)
        if shift is not None and np.any(shift):
            y = y.with_tensor(y.tensor + tf.constant(constant_like(y, shift.astype(np.float32))))
    except ValueError as error:
        raise node.fail(f"has parameters that do not fit: {error}") from None
    return y
