"""CONV_2D for the DSP extension: three pixels at a time through one matrix kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.dsp.pack import pack_gemm, pair_order
from emgdeploy.codegen.dsp.short_requantize import short_form
from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.conv import conv_channels, window_fields
from emgdeploy.codegen.overlap import choose_walk
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op, Tensor

GROUP = 3
PARAMETER_WORDS = 5
_HEADERS = tuple(f"kernels/dsp/{n}.h" for n in ("gemm_3px_s8", "gemm_group", "simd", "widen"))


def lower_conv_dsp(graph: Graph, op: Op) -> Step | None:
    """The step, or None when a channel's numbers rule out the packed form."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = conv_channels(graph, op)
    order = _order(op, image)
    stream = pack_stream(matrix, channels, order)
    if stream is None:
        return None
    out_channels, taps = matrix.shape
    steps, pairs = order.size // 2, -(-out_channels // 2)
    walk = choose_walk(op, image, out, GROUP)
    name = f"stream_{op.index}"
    pointwise = _pointwise(op, image)
    shape = _pointwise_fields(image, out) if pointwise else _window_fields(op, image, out)
    kernel = "pointwise_dsp_s8" if pointwise else "conv_dsp_s8"
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/dsp/{kernel}.h",
        sources=(f"kernels/dsp/{kernel}.c", "kernels/dsp/gemm_3px_s8.c"),
        headers=_HEADERS,
        fields=(
            Field("stream", name),
            gemm_field(steps, pairs, channels),
            *shape,
            Field("backward", int(walk.backward)),
        ),
        arrays=(Array(name, "int32_t", stream, "weights", other_bytes=4 * PARAMETER_WORDS * pairs),),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * taps,
        scratch_bytes=_scratch(op, image, out, steps, pairs),
        overlaps=(walk.overlap,),
    )


def _pointwise(op: Op, image: Tensor) -> bool:
    w = op.w
    return w.size == (1, 1) and w.stride == (1, 1) and not w.padding and image.shape[3] % 4 == 0


def _pointwise_fields(image: Tensor, out: Tensor) -> tuple[Field, ...]:
    return (
        Field("pixels", image.size2d[0] * image.size2d[1]),
        Field("in_channels", image.shape[3]),
        Field("out_channels", out.shape[3]),
    )


def _window_fields(op: Op, image: Tensor, out: Tensor) -> tuple[Field, ...]:
    return (
        Field("in_h", image.shape[1]),
        Field("in_w", image.shape[2]),
        Field("in_channels", image.shape[3]),
        Field("out_h", out.shape[1]),
        Field("out_w", out.shape[2]),
        Field("out_channels", out.shape[3]),
        *window_fields(op),
        Field("run_taps", _run_taps(op)),
        Field("in_zero_point", image.q.zero_point),
    )


def gemm_field(steps: int, pairs: int, channels: Channels) -> Field:
    """The matrix kernel's shape, with outputs of a pixel `2 * pairs` apart."""
    return Field(
        "gemm",
        (
            Field("steps", steps),
            Field("pairs", pairs),
            Field("stride", 2 * pairs),
            Field("zero_point", 2 * channels.zero_point + 1),
            Field("low", channels.low),
            Field("high", channels.high),
            Field("rectified", int(channels.rectified)),
        ),
    )


def pack_stream(
    matrix: NDArray[np.int64], channels: Channels, order: NDArray[np.int64]
) -> NDArray[np.int32] | None:
    """The packed stream of (out_channels, inputs) weights, if every channel allows it."""
    positive, negative = np.maximum(matrix, 0).sum(1), np.minimum(matrix, 0).sum(1)
    bias = channels.bias.astype(np.int64)
    form = short_form(
        channels, bias - 128 * positive + 127 * negative, bias + 127 * positive - 128 * negative
    )
    return pack_gemm(matrix, order, form) if form else None


def _run_taps(op: Op) -> int:
    """Taps of a window that lie side by side in memory."""
    return op.w.size[1] if op.w.dilation[1] == 1 else 1


def _order(op: Op, image: Tensor) -> NDArray[np.int64]:
    taps = op.w.size[0] * op.w.size[1]
    return pair_order(taps // _run_taps(op), _run_taps(op) * image.shape[3])


def _scratch(op: Op, image: Tensor, out: Tensor, steps: int, pairs: int) -> int:
    """Widened patches, then either one run of bytes or three pixels of staged outputs."""
    cut_short = out.size2d[0] * out.size2d[1] % GROUP != 0 or out.shape[3] % 2 != 0
    staged = GROUP * 2 * pairs if cut_short else 0
    return 4 * GROUP * steps + max(staged, 0 if _pointwise(op, image) else _run_taps(op) * image.shape[3])
