"""Gemm, and any product by constant weights: TFLite's FULLY_CONNECTED."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, arrange, canonical, flat_permutation, onnx_order, reshape


@lowers("Gemm")
def gemm(node: Node) -> Value:
    """alpha * x @ W + beta * b."""
    x = node.value()
    weights = node.constant(1)
    if x.rank != 2 or weights.ndim != 2:
        raise node.fail(f"multiplies shapes {x.shape} and {weights.shape}; rank 2 is needed")
    if node.integer("transA", 0):
        raise node.fail("transposes its input, which is not supported")
    if node.integer("transB", 0):
        weights = weights.T
    bias = node.optional_constant(2)
    scaled = weights.astype(np.float32) * np.float32(node.number("alpha", 1.0))
    if bias is not None:
        bias = bias.astype(np.float32) * np.float32(node.number("beta", 1.0))
        if bias.size not in (1, weights.shape[1]) or (bias.ndim > 1 and bias.shape[0] != 1):
            raise node.fail(f"adds a bias of shape {bias.shape} to {weights.shape[1]} outputs")
        bias = np.broadcast_to(bias.ravel(), weights.shape[1:])
    return dense(node, x, scaled, bias)


def dense(node: Node, x: Value, weights: NDArray[np.float32], bias: NDArray[np.float32] | None) -> Value:
    """The weights' rows are put in the order in which memory holds the inputs: nothing moves on the device."""
    import tensorflow as tf

    depth, units = weights.shape
    if x.shape[-1] != depth:
        raise node.fail(f"multiplies {x.shape[-1]} features by weights for {depth}")
    rows = prod(x.shape[:-1])
    if rows == 1:
        weights = weights[flat_permutation(x, x.rank - 1)]
        tensor = arrange(x, ((), x.flat)).tensor
    else:
        tensor = tf.reshape(onnx_order(x).tensor, (rows, depth))
    y = tf.matmul(tensor, tf.constant(np.ascontiguousarray(weights)))
    if bias is not None:
        y = tf.nn.bias_add(y, tf.constant(np.ascontiguousarray(bias)))
    return _unflattened(y, (*x.shape[:-1], units), rows)


def _unflattened(y: object, shape: tuple[int, ...], rows: int) -> Value:
    """(rows, units) under the ONNX shape (..., units)."""
    return reshape(canonical(y, (rows, shape[-1])), shape)
