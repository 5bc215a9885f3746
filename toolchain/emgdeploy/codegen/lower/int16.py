"""CONV_2D and DEPTHWISE_CONV_2D with 16-bit activations and 8-bit weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.fixedpoint import reduced_multiplier
from emgdeploy.codegen.known.biases import INT32_BIAS, biases
from emgdeploy.codegen.overlap import choose_walk, uncopied_limit
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.errors import InputError
from emgdeploy.graph.numerics import Multiplier, activation_range, convolution_multipliers
from emgdeploy.graph.operators.weighted import DEPTHWISE_CONV_2D
from emgdeploy.graph.types import Graph, Op, Tensor

_BYTES = 2
_LARGEST_INPUT = 2**15
# The reference's 64-bit form is defined for accumulators below it.
_WIDE_LIMIT = 2**47


@dataclass(frozen=True)
class _Layer:
    """What both kinds of convolution have: weights by (channel, tap), and their surroundings."""

    image: Tensor
    weights: Tensor
    out: Tensor
    per_channel: NDArray[np.int64]
    multipliers: list[Multiplier]


def lower_conv_wide(graph: Graph, op: Op) -> Step:
    """One patch per output pixel, copied, then one dot product per output channel."""
    layer = _layer(graph, op)
    narrow = op.quantized_bias == INT32_BIAS
    channels, arrays = _narrow_channels(graph, op, layer) if narrow else wide_channels(graph, op, layer)
    image, out = layer.image, layer.out
    walk = choose_walk(op, image, out)
    name = "conv_s16_b32" if narrow else "conv_s16"
    taps = layer.per_channel.shape[1]
    return Step(
        op=op,
        kernel=f"emg_{name}",
        header=f"kernels/conv/{name}.h",
        sources=(f"kernels/conv/{name}.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            channels,
            Field("window", _window(op, image, out, walk.backward)),
        ),
        arrays=(_weights(op, layer), *arrays),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * taps,
        scratch_bytes=taps * _BYTES,
        scratch_type="int16_t",
        overlaps=(walk.overlap,),
    )


def lower_depthwise_wide(graph: Graph, op: Op) -> Step:
    """Channel by channel; in place it trails its input by the rows its window still needs."""
    layer = _layer(graph, op)
    channels, arrays = wide_channels(graph, op, layer)
    image, out = layer.image, layer.out
    overlaps: tuple[Overlap, ...] = ()
    if op.depth_multiplier == 1:
        limit = uncopied_limit(image.size2d, out.size2d, op.w, image.shape[3] * _BYTES)
        overlaps = (Overlap(image.index, at_most=limit),)
    return Step(
        op=op,
        kernel="emg_depthwise_conv_s16",
        header="kernels/depthwise/depthwise_conv_s16.h",
        sources=("kernels/depthwise/depthwise_conv_s16.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            channels,
            Field("window", _window(op, image, out, backward=False)),
            Field("multiplier", op.depth_multiplier),
        ),
        arrays=(_weights(op, layer), *arrays),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * layer.per_channel.shape[1],
        overlaps=overlaps,
    )


def _layer(graph: Graph, op: Op) -> _Layer:
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    values = np.asarray(weights.data, np.int64)
    channels = out.shape[3]
    by_channel = op.kind is DEPTHWISE_CONV_2D
    per_channel = values.reshape(-1, channels).T if by_channel else values.reshape(channels, -1)
    return _Layer(image, weights, out, per_channel, convolution_multipliers(image, weights, out, channels))


def _weights(op: Op, layer: _Layer) -> Array:
    values = np.asarray(layer.weights.data).reshape(-1)
    return Array(f"weights_{op.index}", "int8_t", values, "weights")


def _window(op: Op, image: Tensor, out: Tensor, backward: bool) -> tuple[Field, ...]:
    w = op.w
    return (
        Field("in_h", image.shape[1]),
        Field("in_w", image.shape[2]),
        Field("in_channels", image.shape[3]),
        Field("out_h", out.shape[1]),
        Field("out_w", out.shape[2]),
        Field("out_channels", out.shape[3]),
        Field("kernel_h", w.size[0]),
        Field("kernel_w", w.size[1]),
        Field("stride_h", w.stride[0]),
        Field("stride_w", w.stride[1]),
        Field("dilation_h", w.dilation[0]),
        Field("dilation_w", w.dilation[1]),
        Field("pad_top", w.padding.top),
        Field("pad_left", w.padding.left),
        Field("backward", int(backward)),
    )


def largest_accumulator(per_channel: NDArray[np.int64], bias: NDArray[np.int64]) -> int:
    """What the worst channel's accumulator can reach at any step; Python integers never overflow."""
    magnitudes = np.abs(per_channel).sum(axis=1)
    return max(abs(int(b)) + _LARGEST_INPUT * int(m) for b, m in zip(bias, magnitudes, strict=True))


def refuse_overflow(graph: Graph, op: Op, reach: int, limit: int) -> None:
    """InputError when accumulators may leave the range that the reference defines."""
    if reach >= limit:
        raise InputError(
            f"{graph.where(op)} can overflow its accumulator (up to {reach}, below {limit} is needed)",
            "check the biases of that layer; a weight scale close to 0 makes them explode",
        )


def bias_fields(op: Op, values: NDArray[np.int64]) -> tuple[tuple[Field, Field], tuple[Array, ...]]:
    """64-bit biases as 32-bit halves; the upper ones only where some bias needs them."""
    low = Array(f"bias_{op.index}", "int32_t", values.astype(np.uint64).astype(np.uint32).view(np.int32))
    if np.array_equal(values, values.astype(np.int32)):
        return (Field("bias", low.name), Field("bias_high", 0)), (low,)
    high = Array(f"bias_high_{op.index}", "int32_t", (values >> 32).astype(np.int32))
    return (Field("bias", low.name), Field("bias_high", high.name)), (low, high)


def wide_channels(graph: Graph, op: Op, layer: _Layer) -> tuple[Field, tuple[Array, ...]]:
    """64-bit accumulators; the multiplier is cut to 16 bits as the reference does on each use."""
    bias = biases(graph, op, layer.out.shape[3])
    refuse_overflow(graph, op, largest_accumulator(layer.per_channel, bias), _WIDE_LIMIT)
    bias_members, bias_arrays = bias_fields(op, bias)
    low, high = activation_range(op.activation, layer.out)
    field = Field(
        "channels",
        (
            *bias_members,
            Field("multiplier", f"multiplier_{op.index}"),
            Field("shift", f"shift_{op.index}"),
            Field("low", low),
            Field("high", high),
        ),
    )
    reduced = [reduced_multiplier(m.mantissa) for m in layer.multipliers]
    return field, (
        *bias_arrays,
        Array(f"multiplier_{op.index}", "int16_t", np.array(reduced, np.int16)),
        Array(f"shift_{op.index}", "int8_t", np.array([m.shift for m in layer.multipliers], np.int8)),
    )


def _narrow_channels(graph: Graph, op: Op, layer: _Layer) -> tuple[Field, tuple[Array, ...]]:
    """32-bit accumulators, rounded twice, as int8 layers have them."""
    bias = biases(graph, op, layer.out.shape[3])
    refuse_overflow(graph, op, largest_accumulator(layer.per_channel, bias), 2**31)
    low, high = activation_range(op.activation, layer.out)
    field = Field(
        "channels",
        (
            Field("bias", f"bias_{op.index}"),
            Field("multiplier", f"multiplier_{op.index}"),
            Field("shift", f"shift_{op.index}"),
            Field("zero_point", 0),
            Field("low", low),
            Field("high", high),
        ),
    )
    return field, (
        Array(f"bias_{op.index}", "int32_t", bias.astype(np.int32)),
        Array(
            f"multiplier_{op.index}", "int32_t", np.array([m.mantissa for m in layer.multipliers], np.int32)
        ),
        Array(f"shift_{op.index}", "int8_t", np.array([m.shift for m in layer.multipliers], np.int8)),
    )
