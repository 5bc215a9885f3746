"""TRANSPOSE_CONV, int8."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.lower.channels import accumulator_bounds, channels_of
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.numerics import convolution_multipliers
from emgdeploy.graph.operators.options import same_padding
from emgdeploy.graph.operators.weighted import TRANSPOSE_CONV
from emgdeploy.graph.types import Graph, Op, Tensor


def lower_transpose_conv(graph: Graph, op: Op) -> Step:
    """Each output once, from the inputs that reach it: their number differs, so no zero point is folded in."""
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    values = np.asarray(weights.data)
    accumulator_bounds(graph, op, values.reshape(len(values), -1).astype(np.int64))
    channels = channels_of(graph, op, convolution_multipliers(image, weights, out, len(values)))
    top, left = _padding(op, out)
    return Step(
        op=op,
        kernel="emg_transpose_conv_s8",
        header="kernels/conv/transpose_conv_s8.h",
        sources=("kernels/conv/transpose_conv_s8.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            channels.field(op.index),
            Field("in_h", image.shape[1]),
            Field("in_w", image.shape[2]),
            Field("in_channels", image.shape[3]),
            Field("out_h", out.shape[1]),
            Field("out_w", out.shape[2]),
            Field("out_channels", out.shape[3]),
            Field("kernel_h", op.w.size[0]),
            Field("kernel_w", op.w.size[1]),
            Field("stride_h", op.w.stride[0]),
            Field("stride_w", op.w.stride[1]),
            Field("pad_top", top),
            Field("pad_left", left),
            Field("in_zero_point", image.q.zero_point),
        ),
        arrays=(
            Array(f"weights_{op.index}", "int8_t", values.reshape(-1), "weights"),
            *channels.arrays(op.index),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=image.elements * weights.elements // image.shape[3],
    )


def _padding(op: Op, out: Tensor) -> tuple[int, int]:
    """That of the convolution which would lead from the output back to the input."""
    if not op.same_padding:
        return 0, 0
    sides = zip(out.size2d, op.w.size, op.w.stride, strict=True)
    top, left = (same_padding(*side, 1)[0] for side in sides)
    return top, left


RECORDS = (Record(TRANSPOSE_CONV, int8=(lower_transpose_conv,)),)
