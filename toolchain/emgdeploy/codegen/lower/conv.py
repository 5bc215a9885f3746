"""CONV_2D, int8."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.known.absorb import weighted_relation
from emgdeploy.codegen.known.weighted import weighted
from emgdeploy.codegen.lower.channels import Channels, accumulator_bounds, fold_channels
from emgdeploy.codegen.lower.int16 import lower_conv_wide
from emgdeploy.codegen.lower.short_requantize import shortened
from emgdeploy.codegen.overlap import choose_walk
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.numerics import convolution_multipliers
from emgdeploy.graph.operators.weighted import CONV_2D
from emgdeploy.graph.types import Graph, Op, Tensor


def window_fields(op: Op) -> tuple[Field, ...]:
    """The struct members that say how the kernel walks over the image."""
    w = op.w
    return (
        Field("kernel_h", w.size[0]),
        Field("kernel_w", w.size[1]),
        Field("stride_h", w.stride[0]),
        Field("stride_w", w.stride[1]),
        Field("dilation_h", w.dilation[0]),
        Field("dilation_w", w.dilation[1]),
        Field("pad_top", w.padding.top),
        Field("pad_left", w.padding.left),
    )


def constant(tensor: Tensor) -> NDArray[np.int8]:
    return cast("NDArray[np.int8]", np.asarray(tensor.data))


def conv_channels(graph: Graph, op: Op) -> tuple[NDArray[np.int64], Channels]:
    """Weights as (out_channels, taps) in the order of a patch, and the channels' constants."""
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    matrix = constant(weights).reshape(weights.shape[0], -1).astype(np.int64)
    accumulator_bounds(graph, op, matrix)
    multipliers = convolution_multipliers(image, weights, out, len(matrix))
    return matrix, fold_channels(graph, op, matrix, multipliers)


def lower_conv_pairs(graph: Graph, op: Op) -> Step | None:
    """Two pixels and two channels at a time: half the loads, and twice the scratch.

    None for a single channel or another rounding.
    """
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = conv_channels(graph, op)
    channels, short = shortened(channels, matrix)
    out_channels, taps = matrix.shape
    if not short or out_channels < 2:
        return None
    walk = choose_walk(op, image, out, np.arange(0, out.elements // out_channels, 2))
    gemm = (
        Field("weights", f"weights_{op.index}"),
        Field("bias", f"bias_{op.index}"),
        Field("multiplier", f"multiplier_{op.index}"),
        Field("shift", f"shift_{op.index}"),
        Field("depth", taps),
        Field("zero_point", channels.zero_point),
        Field("low", channels.low),
        Field("high", channels.high),
    )
    return Step(
        op=op,
        kernel="emg_conv_pairs_s8",
        header="kernels/conv/conv_pairs_s8.h",
        sources=("kernels/conv/conv_pairs_s8.c", "kernels/conv/gemm_2x2_s8.c"),
        fields=(
            Field("channels", gemm),
            Field("window", _patch_fields(op, image, out)),
            Field("out_channels", out_channels),
            Field("backward", int(walk.backward)),
        ),
        arrays=_arrays(op, matrix, channels),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * taps,
        scratch_bytes=2 * taps,
        overlaps=(walk.overlap,),
    )


def lower_conv(graph: Graph, op: Op) -> Step:
    """One patch per output pixel, copied, then one dot product per output channel."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = conv_channels(graph, op)
    out_channels, taps = matrix.shape
    walk = choose_walk(op, image, out)
    return Step(
        op=op,
        kernel="emg_conv_s8",
        header="kernels/conv/conv_s8.h",
        sources=("kernels/conv/conv_s8.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            channels.field(op.index),
            Field("window", _patch_fields(op, image, out)),
            Field("out_channels", out_channels),
            Field("backward", int(walk.backward)),
        ),
        arrays=_arrays(op, matrix, channels),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * taps,
        scratch_bytes=taps,
        overlaps=(walk.overlap,),
    )


def _arrays(op: Op, matrix: NDArray[np.int64], channels: Channels) -> tuple[Array, ...]:
    weights = Array(f"weights_{op.index}", "int8_t", matrix.astype(np.int8).reshape(-1), "weights")
    return weights, *channels.arrays(op.index)


def _patch_fields(op: Op, image: Tensor, out: Tensor) -> tuple[Field, ...]:
    """The members of emg_window_s8_t."""
    return (
        Field("in_h", image.shape[1]),
        Field("in_w", image.shape[2]),
        Field("in_channels", image.shape[3]),
        Field("out_h", out.shape[1]),
        Field("out_w", out.shape[2]),
        *window_fields(op),
        Field("in_zero_point", image.q.zero_point),
    )


RECORDS = (
    Record(
        CONV_2D,
        int8=(lower_conv_pairs, lower_conv),
        int16=(lower_conv_wide,),
        relation=weighted_relation,
        reach=weighted,
    ),
)
