"""DEPTHWISE_CONV_2D with a 3 x 3 window for the DSP extension: widened lines of four channels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.dsp.pack import as_words
from emgdeploy.codegen.dsp.short_requantize import ShortForm, short_form
from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.conv import depthwise_channels
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.types import Graph, Op, Tensor

_LANES = 4
_CHANNEL_BYTES = 40
_RING_LINES = 4
# Bytes of four channels that are widened at once at most, for little memory and for much; larger images go
# line by line.
_SMALL_IMAGE, _LARGE_IMAGE = 2200, 8192
# Cycles of a block by its number of outputs, by the stride along the line; of a line beside them; about.
_BLOCK_CYCLES = {1: {4: 75, 6: 102}, 2: {4: 84, 6: 118}}
_LINE_CYCLES = 40


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


@dataclass(frozen=True)
class _Walk:
    """How the image is walked over: its axes, and the outputs of a block.

    pitch: bytes of a channel's widened line. whole: the image is widened at once.
    """

    lines: _Axis
    positions: _Axis
    block: int
    whole: bool

    @property
    def outputs(self) -> int:
        """Computed on a line; a line shorter than a block is computed as one."""
        return max(self.positions.out_size, self.block)

    @property
    def staged(self) -> bool:
        return self.positions.out_size < self.block

    @property
    def single(self) -> bool:
        """Lines of one block, read to their ends, one after the other."""
        six = self.block == self.positions.out_size == 6 and self.pitch == 16
        return self.whole and six and self.positions.stride == self.lines.stride == 1

    @property
    def pitch(self) -> int:
        p = self.positions
        return 4 * -(-max((self.outputs - 1) * p.stride + 3, p.padding + p.size) // 2)

    @property
    def window_lines(self) -> int:
        return max((self.lines.out_size - 1) * self.lines.stride + 3, self.lines.padding + self.lines.size)

    @property
    def plane(self) -> int:
        return self.pitch * (self.window_lines if self.whole else 1)

    @property
    def scratch(self) -> int:
        lines = self.lines.out_size if self.whole else 1
        return (self.plane if self.whole else _RING_LINES * self.plane) * _LANES + (
            lines * _LANES * self.outputs if self.staged else 0
        )


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
    walk = _best_walk(op, image, out, blocks=(4, 6), largest=largest)
    name = f"channels_{op.index}"
    step = _step(graph, op, walk, channels)
    return replace(
        step,
        kernel="emg_depthwise_fast_s8",
        header="kernels/dsp/depthwise_fast_s8.h",
        sources=("kernels/dsp/depthwise_fast_s8.c", *step.sources),
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
    _, channels, form = found
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    walk = _best_walk(op, image, out, blocks=(4,), largest=0)
    short = replace(
        channels,
        bias=form.bias.astype(np.int32),
        multiplier=form.multiplier.astype(np.int32),
        shift=form.shift_less_one.astype(np.int8),
        zero_point=2 * channels.zero_point + 1,
    )
    weights = np.asarray(graph.tensors[op.inputs[1]].data, np.int8).reshape(-1)
    step = _step(graph, op, walk, channels)
    return replace(
        step,
        kernel="emg_depthwise_dsp_s8",
        header="kernels/dsp/depthwise_dsp_s8.h",
        sources=("kernels/dsp/depthwise_dsp_s8.c", *step.sources),
        fields=(
            Field("weights", f"weights_{op.index}"),
            short.field(op.index),
            Field("tap_line", walk.lines.tap_step),
            Field("tap_position", walk.positions.tap_step),
            *step.fields,
        ),
        arrays=(Array(f"weights_{op.index}", "int8_t", weights, "weights"), *short.arrays(op.index)),
        scratch_bytes=step.scratch_bytes + _LANES * _CHANNEL_BYTES,
    )


def _short(graph: Graph, op: Op) -> tuple[NDArray[np.int64], Channels, ShortForm] | None:
    """Taps as (channels, 9) and the channels' constants, where the kernels apply."""
    image = graph.tensors[op.inputs[0]]
    if not _applies(op, image):
        return None
    matrix, channels = depthwise_channels(graph, op)
    bias = channels.bias.astype(np.int64)
    positive, negative = np.maximum(matrix, 0).sum(1), np.minimum(matrix, 0).sum(1)
    form = short_form(
        channels, bias - 128 * positive + 127 * negative, bias + 127 * positive - 128 * negative
    )
    return (matrix, channels, form) if form is not None else None


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


def _best_walk(op: Op, image: Tensor, out: Tensor, blocks: tuple[int, ...], largest: int) -> _Walk:
    """Lines along either axis, in blocks of any of the sizes: what takes the fewest cycles."""
    (_, height, width, depth), (_, out_height, out_width, _) = image.shape, out.shape
    (down, right), padding = op.w.stride, op.w.padding
    rows = _Axis(height, out_height, down, padding.top, width * depth, out_width * depth, 3 * depth)
    columns = _Axis(width, out_width, right, padding.left, depth, depth, depth)
    walks = [
        _Walk(lines, positions, block, whole=False)
        for lines, positions in ((rows, columns), (columns, rows))
        for block in blocks
    ]
    best = min(walks, key=_cost)
    return replace(best, whole=_LANES * best.pitch * best.window_lines <= largest)


def _cost(walk: _Walk) -> int:
    blocks = -(-walk.outputs // walk.block)
    return walk.lines.out_size * (blocks * _BLOCK_CYCLES[walk.positions.stride][walk.block] + _LINE_CYCLES)


def _step(graph: Graph, op: Op, walk: _Walk, channels: Channels) -> Step:
    """What both kernels share."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    in_place = op.w.stride == (1, 1) and image.shape == out.shape
    parts = ("depthwise_dsp", "depthwise_walk", "depthwise_lines_s8", "depthwise_widen_s8", "simd")
    return Step(
        op=op,
        kernel="",
        header="",
        sources=("kernels/dsp/depthwise_lines_s8.c", "kernels/dsp/depthwise_widen_s8.c"),
        headers=tuple(f"kernels/dsp/{part}.h" for part in parts),
        fields=(Field("walk", _walk_fields(walk, channels, image)),),
        arrays=(),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * 9,
        scratch_bytes=walk.scratch,
        overlaps=(Overlap(image.index, same_place=True),) if in_place else (),
    )


def _walk_fields(walk: _Walk, channels: Channels, image: Tensor) -> tuple[Field, ...]:
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


def _line_fields(walk: _Walk, channels: Channels) -> tuple[Field, ...]:
    positions, outputs = walk.positions, walk.outputs
    back = -outputs % walk.block
    stride = _LANES if walk.staged else positions.out_step
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


def _widen_fields(walk: _Walk, zero_point: int) -> tuple[Field, ...]:
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


def _prepared(
    name: str, matrix: NDArray[np.int64], form: ShortForm, channels: Channels, walk: _Walk
) -> Array:
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
