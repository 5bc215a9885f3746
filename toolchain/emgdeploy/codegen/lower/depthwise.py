"""DEPTHWISE_CONV_2D, int8, with a window of any shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.known.interval import Ranges
from emgdeploy.codegen.known.relation import Relation, Tied
from emgdeploy.codegen.known.weighted import weighted
from emgdeploy.codegen.lower.channels import Channels, accumulator_bounds, fold_channels
from emgdeploy.codegen.lower.conv import constant
from emgdeploy.codegen.lower.int16 import lower_depthwise_wide
from emgdeploy.codegen.lower.short_requantize import shortened
from emgdeploy.codegen.overlap import uncopied_limit
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.numerics import convolution_multipliers
from emgdeploy.graph.operators.weighted import DEPTHWISE_CONV_2D
from emgdeploy.graph.types import Graph, Op, Tensor

# Bytes of one run of taps, of which a window has at most three for each of its lines.
_RUN_BYTES = 12


def depthwise_channels(graph: Graph, op: Op) -> tuple[NDArray[np.int64], Channels]:
    """Weights as (out_channels, taps), and the channels' constants."""
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    matrix = constant(weights).reshape(-1, weights.shape[3]).T.astype(np.int64)
    accumulator_bounds(graph, op, matrix)
    multipliers = convolution_multipliers(image, weights, out, len(matrix))
    return matrix, fold_channels(graph, op, matrix, multipliers)


def lower_depthwise(graph: Graph, op: Op) -> Step:
    """Four channels at a time; in place it trails its input by the rows its window still needs."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = depthwise_channels(graph, op)
    channels, short = shortened(channels, matrix)
    return Step(
        op=op,
        kernel="emg_depthwise_conv_s8",
        header="kernels/depthwise/depthwise_conv_s8.h",
        sources=(
            "kernels/depthwise/depthwise_conv_s8.c",
            "kernels/depthwise/depthwise_sums_s8.c",
            "kernels/support/short_outputs_s8.c",
        ),
        fields=(
            Field("weights", f"weights_{op.index}"),
            channels.field(op.index),
            shape_field(op, image, out),
            Field("short_form", int(short)),
        ),
        arrays=(
            Array(f"weights_{op.index}", "int8_t", taps_in_order(op, matrix).T.reshape(-1), "weights"),
            *channels.arrays(op.index),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * matrix.shape[1],
        scratch_bytes=runs_bytes(op),
        overlaps=trailing(op, image, out),
    )


def tall(op: Op) -> bool:
    """Whether the window has more rows than columns, so that its columns are the longer runs."""
    return op.w.size[0] > op.w.size[1]


def taps_in_order(op: Op, matrix: NDArray[np.int64]) -> NDArray[np.int8]:
    """(out_channels, taps), row by row or, in a tall window, column by column."""
    window = matrix.reshape(-1, *op.w.size)
    return (
        np.ascontiguousarray(window.swapaxes(1, 2) if tall(op) else window)
        .reshape(matrix.shape)
        .astype(np.int8)
    )


def runs_bytes(op: Op) -> int:
    """Scratch for the runs of one window."""
    return 3 * _RUN_BYTES * min(op.w.size)


def trailing(op: Op, image: Tensor, out: Tensor) -> tuple[Overlap, ...]:
    """How the output may run into the input of a kernel that reads channels until it writes them."""
    if op.depth_multiplier != 1:
        return ()
    limit = uncopied_limit(image.size2d, out.size2d, op.w, image.shape[3])
    return (Overlap(image.index, at_most=limit),)


def shape_field(op: Op, image: Tensor, out: Tensor) -> Field:
    """The members of emg_depthwise_shape_t."""
    depth, w = image.shape[3], op.w
    steps, padding = (image.shape[2] * depth, depth), (w.padding.top, w.padding.left)
    rows, columns = (
        (
            Field("size", image.size2d[i]),
            Field("out_size", out.size2d[i]),
            Field("taps", w.size[i]),
            Field("stride", w.stride[i]),
            Field("dilation", w.dilation[i]),
            Field("padding", padding[i]),
            Field("step", steps[i]),
        )
        for i in range(2)
    )
    outer, inner = (columns, rows) if tall(op) else (rows, columns)
    return Field(
        "shape",
        (
            Field("outer", outer),
            Field("inner", inner),
            Field("channels", depth),
            Field("multiplier", op.depth_multiplier),
            Field("tall", int(tall(op))),
            Field("in_zero_point", image.q.zero_point),
        ),
    )


def _depthwise_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...]:
    source_of = np.arange(graph.out(op).shape[3], dtype=np.int64) // op.depth_multiplier
    return (Tied(op.inputs[0], op.outputs[0], source_of),)


RECORDS = (
    Record(
        DEPTHWISE_CONV_2D,
        int8=(lower_depthwise,),
        int16=(lower_depthwise_wide,),
        relation=_depthwise_relation,
        reach=weighted,
    ),
)
