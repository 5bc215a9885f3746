"""Layers with trained weights: convolutions and dense layers."""

from __future__ import annotations

import numpy as np

from emgdeploy.graph.flat import MAX_ELEMENTS
from emgdeploy.graph.rules.base import (
    INT8,
    INT16,
    INT32,
    INT64,
    activations,
    arity,
    fused_range,
    multiplier,
    need,
)
from emgdeploy.graph.types import Graph, Op, Tensor, Window

# Numbers of the schema's TensorType that `quantized_bias_type` may hold.
_BIAS_TYPES = {0: None, 2: INT32, 4: INT64}
# How far a dense layer's bias scale may lie from input scale * weight scale, in output steps.
_BIAS_SCALE_SLACK = 0.02
# Kernels hold sizes of images and windows in 16 bits.
_LARGEST_SIZE = 2**15 - 1
# 64-bit accumulators are multiplied by 16 bits and shifted right by at least 8.
_LARGEST_WIDE_MULTIPLIER = 2.0**7


def output_size(size: tuple[int, int], window: Window) -> tuple[int, int]:
    """Height and width that a window leaves of an image, its padding included."""
    p = window.padding
    return (
        (size[0] + p.top + p.bottom - (window.size[0] - 1) * window.dilation[0] - 1) // window.stride[0] + 1,
        (size[1] + p.left + p.right - (window.size[1] - 1) * window.dilation[1] - 1) // window.stride[1] + 1,
    )


def image_out(op: Op, image: Tensor, out: Tensor, channels: int) -> None:
    sizes = (*image.shape, *out.shape, *op.w.size)
    need(max(sizes) <= _LARGEST_SIZE, f"has an axis of {max(sizes)}; {_LARGEST_SIZE} at most are supported")
    need(
        op.w.image in (None, image.size2d),
        f"has SAME padding for an image of {op.w.image} that turns out to be {image.size2d}",
        "export the model with fixed shapes",
    )
    wanted = (1, *output_size(image.size2d, op.w), channels)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")


def check_conv(graph: Graph, op: Op) -> None:
    arity(op, 3, 3)
    image, weights, out = _operands(graph, op, 0)
    need(not weights.q.zero_points.any(), "has weights with a zero point other than 0")
    groups = image.shape[3] // weights.shape[3]
    need(
        image.shape[3] % weights.shape[3] == 0 and weights.shape[0] % groups == 0,
        f"has weights for {weights.shape[3]} channels, input {image.shape[3]}",
    )
    need(
        weights.elements * groups <= MAX_ELEMENTS,
        f"has {groups} groups, too many to compute them as one",
    )
    _bias(op, image, graph.optional(op, 2), weights.shape[0])
    image_out(op, image, out, weights.shape[0])


def check_depthwise(graph: Graph, op: Op) -> None:
    arity(op, 2, 3)
    image, weights, out = _operands(graph, op, 3)
    need(not weights.q.zero_points.any(), "has weights with a zero point other than 0")
    need(
        weights.shape[0] == 1 and weights.shape[3] == image.shape[3] * op.depth_multiplier,
        f"has weights of shape {weights.shape} for {image.shape[3]} channels",
    )
    bias = graph.optional(op, 2)
    need(
        bias is None or image.dtype != INT16 or bias.dtype == INT64,
        "has 32-bit biases where the 16-bit form takes int64",
    )
    _bias(op, image, bias, weights.shape[3])
    image_out(op, image, out, weights.shape[3])


def check_dense(graph: Graph, op: Op) -> None:
    arity(op, 2, 3)
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    need(len(weights.shape) == 2, f"has weights of shape {weights.shape}; rank 2 is needed")
    _operands(graph, op, 0)
    units, depth = weights.shape
    need(image.elements % depth == 0, f"has {depth} weights a unit for {image.shape}")
    need(out.elements == image.elements // depth * units, f"writes shape {out.shape}")
    bias = graph.optional(op, 2)
    _bias(op, image, bias, units)
    if bias is not None and not weights.q.per_channel:
        product = float(image.q.scale) * float(weights.q.scale)
        scale = float(bias.quant.scale) if bias.quant else 0.0
        need(
            abs(product - scale) <= _BIAS_SCALE_SLACK * float(out.q.scale),
            f"has biases of scale {scale:.3g} where input and weights give {product:.3g}",
        )


def _operands(graph: Graph, op: Op, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    activations(image, out)
    fused_range(op.activation, out)
    _weights(weights, axis)
    for scale in weights.q.scales.tolist():
        factor = float(image.q.scale) * scale / float(out.q.scale)
        multiplier(factor)
        if image.dtype == INT16 and op.quantized_bias != 2:
            need(factor < _LARGEST_WIDE_MULTIPLIER, f"scales its output by {factor:.3g}, 128 at most")
    return image, weights, out


def _weights(weights: Tensor, axis: int) -> None:
    need(weights.constant, "has weights that are no constant")
    need(weights.elements > 0, f"has weights of shape {weights.shape}")
    need(weights.dtype == INT8, f"has weights of type {weights.dtype}; int8 is needed")
    need(weights.quant is not None, "has weights without scales")
    channels = weights.shape[axis]
    need(
        weights.q.scales.size in (1, channels),
        f"has {weights.q.scales.size} weight scales for {channels} channels",
    )
    if weights.q.per_channel:
        need(weights.q.axis == axis, f"has weights quantized along axis {weights.q.axis} instead of {axis}")
        need(not weights.q.zero_points.any(), "has per-channel weights with a zero point other than 0")
    need(-128 <= weights.q.zero_point <= 127, f"has weights with the zero point {weights.q.zero_point}")
    scales = weights.q.scales
    need(
        bool(np.all(np.isfinite(scales))) and float(scales.min()) > 0,
        "has a weight scale that is not positive",
    )


def _bias(op: Op, image: Tensor, bias: Tensor | None, channels: int) -> None:
    need(op.quantized_bias in _BIAS_TYPES, f"asks for biases of type number {op.quantized_bias}")
    asked = _BIAS_TYPES[op.quantized_bias] if image.dtype == INT16 else None
    if bias is None:
        return
    need(bias.constant, "has a bias that is no constant")
    # Where the options name no type, the reference reads 16-bit layers' biases as int64.
    wanted = (asked or INT64) if image.dtype == INT16 else INT32
    need(bias.dtype == wanted, f"has a bias of type {bias.dtype}; {wanted} is needed")
    need(bias.elements == channels, f"has {bias.elements} biases for {channels} output channels")
    zero = bias.quant is None or not bias.quant.zero_points.any()
    need(zero, "has biases with a zero point other than 0")
