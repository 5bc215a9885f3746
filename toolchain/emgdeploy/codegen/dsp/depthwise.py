"""DEPTHWISE_CONV_2D with a 3 x 3 window for the DSP extension: widened lines of four channels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from emgdeploy.codegen.dsp.short_requantize import short_form
from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.conv import depthwise_channels
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.types import Graph, Op, Tensor

_LANES = 4
_BLOCK = 4
_CHANNEL_BYTES = 40
_STAGED_BYTES = 16


@dataclass(frozen=True)
class _Axis:
    """One axis of the image: input and output sizes, stride, padding before, bytes between neighbours."""

    size: int
    out_size: int
    stride: int
    padding: int
    step: int
    out_step: int
    tap_step: int


def lower_depthwise_dsp(graph: Graph, op: Op) -> Step | None:
    """The step, or None for another window, depth multiplier or channel count."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if not _applies(op, image):
        return None
    matrix, channels = depthwise_channels(graph, op)
    bias = channels.bias.astype(np.int64)
    positive, negative = np.maximum(matrix, 0).sum(1), np.minimum(matrix, 0).sum(1)
    form = short_form(
        channels, bias - 128 * positive + 127 * negative, bias + 127 * positive - 128 * negative
    )
    if form is None:
        return None
    short = replace(
        channels,
        bias=form.bias.astype(np.int32),
        multiplier=form.multiplier.astype(np.int32),
        shift=form.shift_less_one.astype(np.int8),
        zero_point=2 * channels.zero_point + 1,
    )
    lines, positions = _axes(op, image, out)
    plane = _plane(positions)
    weights = np.asarray(graph.tensors[op.inputs[1]].data, np.int8).reshape(-1)
    in_place = op.w.stride == (1, 1) and image.shape == out.shape
    return Step(
        op=op,
        kernel="emg_depthwise_dsp_s8",
        header="kernels/dsp/depthwise_dsp_s8.h",
        sources=("kernels/dsp/depthwise_dsp_s8.c", "kernels/dsp/depthwise_line_s8.c"),
        headers=("kernels/dsp/depthwise_line_s8.h", "kernels/dsp/simd.h"),
        fields=(
            Field("weights", f"weights_{op.index}"),
            short.field(op.index),
            _line_field(positions, plane, short, channels.rectified),
            Field("channel_count", image.shape[3]),
            Field("line_bytes", lines.step),
            Field("position_bytes", positions.step),
            Field("out_line_bytes", lines.out_step),
            Field("out_position_bytes", positions.out_step),
            Field("tap_line", lines.tap_step),
            Field("tap_position", positions.tap_step),
            Field("lines", lines.size),
            Field("positions", positions.size),
            Field("out_lines", lines.out_size),
            Field("out_positions", positions.out_size),
            Field("line_stride", lines.stride),
            Field("position_stride", positions.stride),
            Field("pad_lines", lines.padding),
            Field("pad_positions", positions.padding),
            Field("in_zero_point", image.q.zero_point),
        ),
        arrays=(Array(f"weights_{op.index}", "int8_t", weights, "weights"), *short.arrays(op.index)),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * 9,
        scratch_bytes=4 * _LANES * plane + _LANES * _CHANNEL_BYTES + _STAGED_BYTES,
        overlaps=(Overlap(image.index, same_place=True),) if in_place else (),
    )


def _applies(op: Op, image: Tensor) -> bool:
    w = op.w
    return (
        w.size == (3, 3)
        and w.dilation == (1, 1)
        and max(w.stride) <= 2
        and max(w.padding.top, w.padding.left) <= 1
        and op.depth_multiplier == 1
        and image.shape[3] % _LANES == 0
    )


def _axes(op: Op, image: Tensor, out: Tensor) -> tuple[_Axis, _Axis]:
    """Lines and positions: whichever way round fills the blocks of four outputs better."""
    (_, height, width, depth), (_, out_height, out_width, _) = image.shape, out.shape
    (down, right), padding = op.w.stride, op.w.padding
    rows = _Axis(height, out_height, down, padding.top, width * depth, out_width * depth, 3 * depth)
    columns = _Axis(width, out_width, right, padding.left, depth, depth, depth)
    if _blocks(rows, columns) <= _blocks(columns, rows):
        return rows, columns
    return columns, rows


def _blocks(lines: _Axis, positions: _Axis) -> int:
    return lines.out_size * -(-positions.out_size // _BLOCK)


def _plane(positions: _Axis) -> int:
    """Bytes of one channel's widened line, in whole words."""
    outputs = max(positions.out_size, _BLOCK)
    halfwords = max((outputs - 1) * positions.stride + 3, positions.padding + positions.size)
    return 4 * -(-halfwords // 2)


def _line_field(positions: _Axis, plane: int, channels: Channels, rectified: bool) -> Field:
    outputs = max(positions.out_size, _BLOCK)
    blocks = -(-outputs // _BLOCK)
    back = blocks * _BLOCK - outputs
    stride = _LANES if positions.out_size < _BLOCK else positions.out_step
    return Field(
        "line",
        (
            Field("blocks", blocks),
            Field("stride", stride),
            Field("rewind", 2 * positions.stride * back),
            Field("rewind_out", stride * back),
            Field("next_plane", plane - 2 * positions.stride * outputs),
            Field("clamped", int((channels.low, channels.high) != (-128, 127))),
            Field("low", channels.low),
            Field("high", channels.high),
            Field("outputs", outputs),
            Field("plane", plane),
            Field("rectified", int(rectified)),
        ),
    )
