"""DEPTHWISE_CONV_2D with a 3 x 3 window for the DSP extension: widened lines of four channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.depthwise import depthwise_channels
from emgdeploy.codegen.lower.dsp.depthwise_walk import LANES, Walk, best_walk
from emgdeploy.codegen.lower.dsp.pack import as_words
from emgdeploy.codegen.lower.short_requantize import ShortForm, short_form_of, shortened
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.types import Graph, Op, Tensor

_CHANNEL_BYTES = 40
# Bytes of four channels that are widened at once at most, for little memory and for much; larger images go
# line by line.
_SMALL_IMAGE, _LARGE_IMAGE = 2200, 8192


def lower_depthwise_whole(graph: Graph, op: Op) -> Step | None:
    """As lower_depthwise_fast, where more memory lets a larger image be widened whole."""
    step = _fast(graph, op, _LARGE_IMAGE)
    return step if step is not None and step.scratch_bytes > _SMALL_IMAGE else None


def lower_depthwise_fast(graph: Graph, op: Op) -> Step | None:
    """Blocks of six outputs where they fit, small images widened whole, constants put together here."""
    return _fast(graph, op, _SMALL_IMAGE)


def _fast(graph: Graph, op: Op, largest: int) -> Step | None:
    found = _short(graph, op)
    if found is None:
        return None
    matrix, channels, form = found
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    walk = best_walk(op, image, out, blocks=(4, 6), largest=largest)
    name = f"channels_{op.index}"
    step = _step(graph, op, walk, channels)
    return replace(
        step,
        kernel="emg_depthwise_fast_s8",
        header="kernels/depthwise/dsp/depthwise_fast_s8.h",
        sources=("kernels/depthwise/dsp/depthwise_fast_s8.c", *step.sources),
        fields=(Field("channels", name), *step.fields),
        arrays=(_prepared(name, matrix, form, channels, walk),),
    )


def lower_depthwise_dsp(graph: Graph, op: Op) -> Step | None:
    """Blocks of four outputs, line by line: less code, constants and scratch.

    None for another window, depth multiplier or channel count.
    """
    found = _short(graph, op)
    if found is None:
        return None
    matrix, channels, _ = found
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    walk = best_walk(op, image, out, blocks=(4,), largest=0)
    short, _ = shortened(channels, matrix)
    weights = np.asarray(graph.tensors[op.inputs[1]].data, np.int8).reshape(-1)
    step = _step(graph, op, walk, channels)
    return replace(
        step,
        kernel="emg_depthwise_dsp_s8",
        header="kernels/depthwise/dsp/depthwise_dsp_s8.h",
        sources=("kernels/depthwise/dsp/depthwise_dsp_s8.c", *step.sources),
        fields=(
            Field("weights", f"weights_{op.index}"),
            short.field(op.index),
            Field("tap_line", walk.lines.tap_step),
            Field("tap_position", walk.positions.tap_step),
            *step.fields,
        ),
        arrays=(Array(f"weights_{op.index}", "int8_t", weights, "weights"), *short.arrays(op.index)),
        scratch_bytes=step.scratch_bytes + LANES * _CHANNEL_BYTES,
    )


def _short(graph: Graph, op: Op) -> tuple[NDArray[np.int64], Channels, ShortForm] | None:
    """Taps as (channels, 9) and the channels' constants, where the kernels apply."""
    image = graph.tensors[op.inputs[0]]
    if not _applies(op, image):
        return None
    matrix, channels = depthwise_channels(graph, op)
    form = short_form_of(channels, matrix)
    return (matrix, channels, form) if form is not None else None


def _applies(op: Op, image: Tensor) -> bool:
    w = op.w
    return (
        w.size == (3, 3)
        and w.dilation == (1, 1)
        and max(w.stride) <= 2
        and max(w.padding.top, w.padding.left) <= 1
        and op.depth_multiplier == 1
        and image.shape[3] % LANES == 0
    )


def _step(graph: Graph, op: Op, walk: Walk, channels: Channels) -> Step:
    """What both kernels share."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    in_place = op.w.stride == (1, 1) and image.shape == out.shape
    return Step(
        op=op,
        kernel="",
        header="",
        sources=("kernels/depthwise/dsp/depthwise_lines_s8.c", "kernels/depthwise/dsp/depthwise_widen_s8.c"),
        fields=(Field("walk", _walk_fields(walk, channels, image)),),
        arrays=(),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * 9,
        scratch_bytes=walk.scratch,
        overlaps=(Overlap(image.index, same_place=True),) if in_place else (),
    )


def _walk_fields(walk: Walk, channels: Channels, image: Tensor) -> tuple[Field, ...]:
    return (
        Field("line", _line_fields(walk, channels)),
        Field("widen", _widen_fields(walk, image.q.zero_point)),
        Field("channel_count", image.shape[3]),
        Field("line_bytes", walk.lines.step),
        Field("out_line_bytes", walk.lines.out_step),
        Field("out_position_bytes", walk.positions.out_step),
        Field("pitch", walk.pitch),
        Field("lines", walk.lines.size),
        Field("out_lines", walk.lines.out_size),
        Field("out_positions", walk.positions.out_size),
        Field("line_stride", walk.lines.stride),
        Field("position_stride", walk.positions.stride),
        Field("pad_lines", walk.lines.padding),
        Field("in_zero_point", image.q.zero_point),
        Field("whole", int(walk.whole)),
    )


def _line_fields(walk: Walk, channels: Channels) -> tuple[Field, ...]:
    positions, outputs = walk.positions, walk.outputs
    back = -outputs % walk.block
    stride = LANES if walk.staged else positions.out_step
    count = walk.lines.out_size if walk.whole else 1
    walked, next_line = 2 * positions.stride * outputs, walk.lines.stride * walk.pitch
    clamped = (channels.low, channels.high) != (-128, 127)
    return (
        Field("stride", stride),
        Field("rewind", 2 * positions.stride * back),
        Field("rewind_out", stride * back),
        Field("next_plane", walk.plane - (count - 1) * next_line - (walk.pitch if walk.single else walked)),
        Field("low", channels.low),
        Field("high", channels.high),
        Field("clamped", int(clamped)),
        Field("lines", count),
        Field("next_line", next_line - walked),
        Field("next_out", 0 if walk.staged else walk.lines.out_step - stride * outputs),
        Field("to_last", count * walk.lines.out_step if walk.single else stride * (outputs - walk.block)),
        Field("single", int(walk.single)),
        Field("block", walk.block),
        Field("outputs", outputs),
        Field("plane", walk.plane),
        Field("rectified", int(channels.rectified and not clamped)),
    )


def _widen_fields(walk: Walk, zero_point: int) -> tuple[Field, ...]:
    lead = walk.positions.padding
    pairs, tail = divmod(walk.positions.size - lead, 2)
    return (
        Field("step", walk.positions.step),
        Field("plane", walk.plane),
        Field("padding", f"0x{(zero_point & 255) * 0x01010101:08x}u"),
        Field("lead", lead),
        Field("pairs", pairs),
        Field("tail", tail),
        Field("next_line", walk.lines.step - walk.positions.size * walk.positions.step),
        Field("gap", walk.pitch - 4 * (lead + pairs + tail)),
    )


def _prepared(name: str, matrix: NDArray[np.int64], form: ShortForm, channels: Channels, walk: Walk) -> Array:
    """The words of emg_depthwise_channel_t, channel by channel: doubled bias and taps, the rest as it is."""
    by_row = walk.lines.tap_step > walk.positions.tap_step
    taps = 2 * matrix.reshape(-1, 3, 3)
    taps = taps if by_row else taps.transpose(0, 2, 1)
    pairs = np.stack([taps[:, :, :2], taps[:, :, 1:]], 2)  # (channels, line, pair, halfword)
    words = (pairs[..., 0] & 0xFFFF) | (pairs[..., 1] & 0xFFFF) << 16
    offset = (2 * channels.zero_point + 1) << form.shift_less_one
    columns = (2 * form.bias, *words.reshape(-1, 6).T, form.multiplier, offset, form.shift_less_one)
    values = as_words(np.stack(columns, 1))
    return Array(name, "int32_t", values, "weights", other_bytes=int(values.nbytes) - matrix.size)
