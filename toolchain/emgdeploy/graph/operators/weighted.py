"""Layers with trained weights: convolutions and dense layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.flat import MAX_ELEMENTS
from emgdeploy.graph.operators.options import (
    Attributes,
    Given,
    activation_of,
    dilation_of,
    filter_size,
    padding_of,
    step_of,
    table_of,
    window_of,
)
from emgdeploy.graph.operators.rules import (
    INT8,
    INT16,
    INT32,
    INT64,
    LARGEST_SIZE,
    activations,
    arity,
    constant,
    fused_range,
    image_out,
    multiplier,
    need,
)
from emgdeploy.graph.types import Graph, Op, Operator, Tensor, Window

# Numbers of the schema's TensorType that `quantized_bias_type` may hold.
_BIAS_TYPES = {0: None, 2: INT32, 4: INT64}
# How far a dense layer's bias scale may lie from input scale * weight scale, in output steps.
_BIAS_SCALE_SLACK = 0.02
# 64-bit accumulators are multiplied by 16 bits and shifted right by at least 8.
_LARGEST_WIDE_MULTIPLIER = 2.0**7


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


def check_transpose_conv(graph: Graph, op: Op) -> None:
    """Its inputs are the image, weights, biases and the output's shape, as `order` says."""
    arity(op, 4, 4, optional=(2,))
    image, weights, out = _operands(graph, op, 0)
    need(image.dtype == INT8, f"has the type {image.dtype}; int8 is needed", "quantize the model to int8")
    need(not weights.q.zero_points.any(), "has weights with a zero point other than 0")
    need(
        len(image.shape) == len(weights.shape) == len(out.shape) == 4
        and image.shape[0] == out.shape[0] == 1
        and weights.shape[3] == image.shape[3]
        and weights.shape[0] == out.shape[3],
        f"has weights of shape {weights.shape} from {image.shape} to {out.shape}",
    )
    wanted = tuple(int(d) for d in constant(graph, op, 3, "an output shape").reshape(-1))
    need(wanted == out.shape, f"writes shape {out.shape} where {wanted} is asked for")
    left = tuple(-(-size // step) for size, step in zip(out.size2d, op.w.stride, strict=True))
    if not op.same_padding:
        left = tuple((o - k) // s + 1 for o, k, s in zip(out.size2d, op.w.size, op.w.stride, strict=True))
    need(left == image.size2d, f"makes {out.size2d} places of {image.size2d} in steps of {op.w.stride}")
    need(max(*image.shape, *out.shape, *op.w.size) <= LARGEST_SIZE, "has an axis that is too long")
    _bias(op, image, graph.optional(op, 2), weights.shape[0])


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


def _conv(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "Conv2DOptions", where)
    window = window_of(table, tensors[0], filter_size(tensors, where), dilation_of(table, where), where)
    return {
        "window": window,
        "activation": activation_of(table, where),
        "quantized_bias": int(table.QuantizedBiasType()),
    }


def _depthwise(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "DepthwiseConv2DOptions", where)
    window = window_of(table, tensors[0], filter_size(tensors, where), dilation_of(table, where), where)
    image, weights = tensors[0], tensors[1]
    if image is None or weights is None or image.shape[3] < 1 or weights.shape[3] % image.shape[3]:
        raise InputError(f"{where}: output channels are no multiple of the input channels", flat.HINT)
    return {
        "window": window,
        "activation": activation_of(table, where),
        "depth_multiplier": weights.shape[3] // image.shape[3],
    }


def _transpose_conv(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "TransposeConvOptions", where)
    stride = (step_of(table.StrideH(), "stride", where), step_of(table.StrideW(), "stride", where))
    return {
        "window": Window(filter_size(tensors, where), stride),
        "same_padding": padding_of(table, where),
        "activation": activation_of(table, where),
    }


def _asked_for(graph: Graph, op: Op) -> tuple[int, ...] | None:
    asked = graph.optional(op, 3)
    return None if asked is None or asked.data is None else tuple(int(d) for d in np.ravel(asked.data))


def _dense(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "FullyConnectedOptions", where)
    if table.WeightsFormat() != 0:
        raise InputError(
            f"{where} has shuffled weights, which is not supported", "export without 4x16 shuffling"
        )
    return {
        "activation": activation_of(table, where),
        "keep_dims": bool(table.KeepNumDims()),
        "quantized_bias": int(table.QuantizedBiasType()),
    }


def _rows(graph: Graph, op: Op) -> tuple[int, ...] | None:
    image, weights = graph.tensors[op.inputs[0]], graph.optional(op, 1)
    if weights is None or len(weights.shape) != 2 or weights.shape[1] < 1:
        return None
    units, depth = weights.shape
    if image.elements % depth:
        return None
    return (*image.shape[:-1], units) if op.keep_dims else (image.elements // depth, units)


CONV_2D = Operator("CONV_2D", check_conv, newest=8, attributes=_conv, clamps=True, trained=True)
DEPTHWISE_CONV_2D = Operator(
    "DEPTHWISE_CONV_2D", check_depthwise, newest=6, attributes=_depthwise, clamps=True, trained=True
)
FULLY_CONNECTED = Operator(
    "FULLY_CONNECTED", check_dense, newest=14, attributes=_dense, clamps=True, trained=True, shape=_rows
)
TRANSPOSE_CONV = Operator(
    "TRANSPOSE_CONV",
    check_transpose_conv,
    newest=5,
    attributes=_transpose_conv,
    clamps=True,
    trained=True,
    order=(2, 1, 3, 0),
    shape=_asked_for,
)
CONVOLUTIONS = (CONV_2D, DEPTHWISE_CONV_2D)
