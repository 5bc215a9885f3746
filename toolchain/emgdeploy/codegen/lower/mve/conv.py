"""CONV_2D for Helium: three pixels at a time through one matrix kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.conv import conv_channels, window_fields
from emgdeploy.codegen.lower.mve.pack import CONSTANT_BYTES, QUAD, VECTOR, woven
from emgdeploy.codegen.lower.mve.vector_form import VectorForm, saturates, vector_form
from emgdeploy.codegen.overlap import choose_walk
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op, Tensor

_PIXELS = 3


def lower_conv_mve(graph: Graph, op: Op) -> Step | None:
    """The step, or None when a channel's numbers rule out the vectors' rounding."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = conv_channels(graph, op)
    form = vector_form(channels, matrix)
    if form is None:
        return None
    out_channels, taps = matrix.shape
    blocks, quads = -(-taps // VECTOR), -(-out_channels // QUAD)
    pixels = out.size2d[0] * out.size2d[1]
    walk = choose_walk(op, image, out, np.arange(0, pixels, _PIXELS))
    name = f"stream_{op.index}"
    pointwise = op.w.size == (1, 1) and op.w.stride == (1, 1) and not op.w.padding
    kernel = "pointwise_mve_s8" if pointwise else "conv_mve_s8"
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/conv/mve/{kernel}.h",
        sources=(f"kernels/conv/mve/{kernel}.c", "kernels/conv/mve/gemm_mve_s8.c"),
        fields=(
            Field("stream", name),
            _gemm_field(channels, out_channels, blocks),
            Field("rectified", int(saturates(channels))),
            *(_pointwise_fields(image) if pointwise else _window_fields(op, image, out)),
            Field("backward", int(walk.backward)),
        ),
        arrays=(
            Array(name, "int32_t", _stream(matrix, form), "weights", other_bytes=CONSTANT_BYTES * quads),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * taps,
        scratch_bytes=_PIXELS * VECTOR * blocks + (0 if pointwise else taps),
        overlaps=(walk.overlap,),
    )


def _stream(matrix: NDArray[np.int64], form: VectorForm) -> NDArray[np.int32]:
    """The stream of gemm_mve_s8: channels 0 and 2 block by block, then 1 and 3."""

    def order(filled: NDArray[np.int8]) -> NDArray[np.int8]:
        quads, _, blocks, _ = filled.shape
        return filled.reshape(quads, 2, 2, blocks, VECTOR).transpose(0, 2, 3, 1, 4)

    return woven(matrix, form, order)


def _gemm_field(channels: Channels, out_channels: int, blocks: int) -> Field:
    return Field(
        "gemm",
        (
            Field("zero_point", channels.zero_point),
            Field("low", channels.low),
            Field("high", channels.high),
            Field("second", out_channels),
            Field("third", 2 * out_channels),
            Field("blocks", blocks - 1),
            Field("channels", out_channels),
        ),
    )


def _pointwise_fields(image: Tensor) -> tuple[Field, ...]:
    return (
        Field("pixels", image.size2d[0] * image.size2d[1]),
        Field("in_channels", image.shape[3]),
    )


def _window_fields(op: Op, image: Tensor, out: Tensor) -> tuple[Field, ...]:
    return (
        Field("in_h", image.shape[1]),
        Field("in_w", image.shape[2]),
        Field("in_channels", image.shape[3]),
        Field("out_h", out.shape[1]),
        Field("out_w", out.shape[2]),
        *window_fields(op),
        Field("run_taps", op.w.size[1] if op.w.dilation[1] == 1 else 1),
        Field("in_zero_point", image.q.zero_point),
    )
