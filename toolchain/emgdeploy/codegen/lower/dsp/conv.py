"""CONV_2D for the DSP extension: pairs of pixels through one matrix kernel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.conv import conv_channels, window_fields
from emgdeploy.codegen.lower.dsp.pack import QUAD, Endings, pack_gemm, pair_order
from emgdeploy.codegen.lower.dsp.rectified import rectified_form
from emgdeploy.codegen.lower.short_requantize import short_form
from emgdeploy.codegen.overlap import choose_walk
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op, Tensor

_PAIR = 2
# Bytes of patches that are gathered at once where a pair of pixels has fewer.
_BATCH_BYTES = 512


@dataclass(frozen=True)
class _View:
    """The image as the kernel walks over it: one that a 1 x 1 window reads pixel by pixel is one row."""

    image: tuple[int, int]
    out: tuple[int, int]
    run_taps: int
    runs: int
    run_length: int
    reaches_out: bool


def lower_conv_fast(graph: Graph, op: Op) -> Step | None:
    """As lower_conv_dsp, but several pairs at a time, shorter endings of rectified outputs, which take more
    constants, and a shorter way to gather the windows of colour images."""
    step = _lower(graph, op, _BATCH_BYTES, may_rectify=True)
    if step is None or not _rgb(op, graph.tensors[op.inputs[0]]):
        return step
    return replace(
        step,
        kernel="emg_conv_rgb_dsp_s8",
        header="kernels/conv/dsp/conv_rgb_dsp_s8.h",
        sources=("kernels/conv/dsp/conv_rgb_dsp_s8.c", "kernels/conv/dsp/widen_rgb_s8.c", *step.sources[1:]),
    )


def _rgb(op: Op, image: Tensor) -> bool:
    return op.w.size == (3, 3) and image.shape[3] == 3 and op.w.dilation[1] == 1


def lower_conv_dsp(graph: Graph, op: Op) -> Step | None:
    """The step, or None when a channel's numbers rule out the packed form."""
    return _lower(graph, op, 0, may_rectify=False)


def _lower(graph: Graph, op: Op, batch_bytes: int, may_rectify: bool) -> Step | None:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = conv_channels(graph, op)
    view = _view(op, image, out)
    order = pair_order(view.runs, view.run_length)
    packed = _packed(matrix, channels, order, may_rectify)
    if packed is None:
        return None
    stream, rectified = packed
    out_channels, taps = matrix.shape
    steps, quads = order.size // 2, -(-out_channels // QUAD)
    batch = max(1, min(batch_bytes // (4 * _PAIR * steps), view.out[1] // _PAIR))
    walk = choose_walk(op, image, out, _firsts(view, batch))
    name = f"stream_{op.index}"
    return Step(
        op=op,
        kernel="emg_conv_dsp_s8",
        header="kernels/conv/dsp/conv_dsp_s8.h",
        sources=tuple(f"kernels/conv/dsp/{n}.c" for n in ("conv_dsp_s8", "gemm_4ch_s8", "widen_pairs_s8")),
        fields=(
            Field("stream", name),
            _gemm_field(steps, quads, channels, rectified),
            Field("in_h", view.image[0]),
            Field("in_w", view.image[1]),
            Field("in_channels", image.shape[3]),
            Field("out_h", view.out[0]),
            Field("out_w", view.out[1]),
            Field("out_channels", out_channels),
            *window_fields(op),
            Field("run_taps", view.run_taps),
            Field("batch", batch),
            Field("in_zero_point", image.q.zero_point),
            Field("backward", int(walk.backward)),
        ),
        arrays=(
            Array(name, "int32_t", stream, "weights", other_bytes=int(stream.nbytes) - 8 * steps * quads),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * taps,
        scratch_bytes=_scratch(op, view, image.shape[3], steps, batch, out_channels),
        overlaps=(walk.overlap,),
    )


def _view(op: Op, image: Tensor, out: Tensor) -> _View:
    w = op.w
    side_by_side = w.dilation[1] == 1
    run_taps = w.size[1] if side_by_side else 1
    in_row = w.size == (1, 1) and w.stride == (1, 1) and not w.padding
    overhangs = any(
        (out.size2d[i] - 1) * w.stride[i] + (w.size[i] - 1) * w.dilation[i] >= image.size2d[i] for i in (0, 1)
    )
    return _View(
        image=(1, image.size2d[0] * image.size2d[1]) if in_row else image.size2d,
        out=(1, out.size2d[0] * out.size2d[1]) if in_row else out.size2d,
        run_taps=run_taps,
        runs=w.size[0] * w.size[1] // run_taps,
        run_length=run_taps * image.shape[3],
        reaches_out=bool(w.padding) or overhangs or not side_by_side,
    )


def _firsts(view: _View, batch: int) -> NDArray[np.int64]:
    """The first pixels of what the kernel gathers at once: batches of a row, then its odd pixel."""
    height, width = view.out
    columns = np.arange(0, width - width % _PAIR, _PAIR * batch)
    if width % _PAIR:
        columns = np.append(columns, width - 1)
    return np.asarray((np.arange(height)[:, np.newaxis] * width + columns).reshape(-1))


def _gemm_field(steps: int, quads: int, channels: Channels, rectified: bool) -> Field:
    """The matrix kernel's shape."""
    return Field(
        "gemm",
        (
            Field("steps", steps),
            Field("quads", quads),
            Field("rectified", int(rectified)),
            Field("low", channels.low),
            Field("high", channels.high),
            Field("zero_point", 2 * channels.zero_point + 1),
        ),
    )


def _packed(
    matrix: NDArray[np.int64], channels: Channels, order: NDArray[np.int64], may_rectify: bool
) -> tuple[NDArray[np.int32], bool] | None:
    """The stream of (out_channels, inputs) weights and whether it is rectified, if all channels allow it."""
    positive, negative = np.maximum(matrix, 0).sum(1), np.minimum(matrix, 0).sum(1)
    bias = channels.bias.astype(np.int64)
    least, greatest = bias - 128 * positive + 127 * negative, bias + 127 * positive - 128 * negative
    second = np.arange(len(bias)) % 2 == 1
    for rectified, endings in (
        (True, rectified_form(channels, least, greatest, second) if may_rectify else None),
        (False, _rounding(channels, least, greatest)),
    ):
        stream = pack_gemm(matrix, order, endings) if endings is not None else None
        if stream is not None:
            return stream, rectified
    return None


def _rounding(channels: Channels, least: NDArray[np.int64], greatest: NDArray[np.int64]) -> Endings | None:
    form = short_form(channels, least, greatest)
    if form is None:
        return None
    return Endings(form.bias, form.multiplier, shift=form.shift_less_one)


def _scratch(op: Op, view: _View, depth: int, steps: int, batch: int, out_channels: int) -> int:
    """Patches, then what is left of their runs and a window's bytes, or else a batch's staged outputs."""
    rest = _PAIR * view.runs * (view.run_length % 4) + 3
    window = op.w.size[0] * (op.w.size[1] + op.w.stride[1]) * depth if view.reaches_out else 0
    single = view.run_length if view.out[1] % _PAIR else 0
    staged = _PAIR * batch * -(-out_channels // QUAD) * QUAD if out_channels % QUAD else 0
    return 4 * _PAIR * steps * batch + max(staged, rest + max(window, single))
