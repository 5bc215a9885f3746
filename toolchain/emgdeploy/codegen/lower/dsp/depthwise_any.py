"""DEPTHWISE_CONV_2D with a window of any shape for the DSP extension: four channels at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.depthwise import (
    depthwise_channels,
    runs_bytes,
    shape_field,
    taps_in_order,
    trailing,
)
from emgdeploy.codegen.lower.dsp.pack import QUAD, as_words
from emgdeploy.codegen.lower.short_requantize import ShortForm, short_form_of
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.types import Graph, Op, Tensor


def lower_depthwise_any(graph: Graph, op: Op) -> Step | None:
    """The step, or None for fewer than four channels or another rounding."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if image.shape[3] < QUAD:
        return None
    matrix, channels = depthwise_channels(graph, op)
    form = short_form_of(channels, matrix)
    if form is None:
        return None
    name = f"stream_{op.index}"
    values = _stream(op, matrix, form, channels.zero_point)
    return Step(
        op=op,
        kernel="emg_depthwise_any_dsp_s8",
        header="kernels/depthwise/dsp/depthwise_any_dsp_s8.h",
        sources=(
            "kernels/depthwise/dsp/depthwise_any_dsp_s8.c",
            "kernels/depthwise/dsp/depthwise_quads_s8.c",
        ),
        fields=(
            Field("stream", name),
            Field("how", _how(op, channels, image.q.zero_point)),
            shape_field(op, image, out),
        ),
        arrays=(Array(name, "int32_t", values, "weights", other_bytes=int(values.nbytes) - matrix.size),),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * matrix.shape[1],
        scratch_bytes=runs_bytes(op),
        overlaps=_overlaps(op, image, out),
    )


def _how(op: Op, channels: Channels, padding: int) -> tuple[Field, ...]:
    """The members of emg_depthwise_quads_t."""
    return (
        Field("next", op.depth_multiplier),
        Field("low", channels.low),
        Field("high", channels.high),
        Field("clamped", int((channels.low, channels.high) != (-128, 127))),
        Field("padding", f"0x{(padding & 255) * 0x01010101:08x}u"),
    )


def _stream(op: Op, matrix: NDArray[np.int64], form: ShortForm, zero_point: int) -> NDArray[np.int32]:
    """By number of the output of each input, four inputs after the other, the last four back from the end."""
    taps = taps_in_order(op, matrix)
    depth = len(matrix) // op.depth_multiplier
    firsts = np.minimum(np.arange(0, depth, QUAD), depth - QUAD)
    inputs = (firsts[:, None] + np.arange(QUAD)).reshape(1, -1)
    chosen = (inputs * op.depth_multiplier + np.arange(op.depth_multiplier)[:, None]).reshape(-1, QUAD)
    words = np.ascontiguousarray(taps[chosen].transpose(0, 2, 1)).view(np.int32)[..., 0]
    offset = (2 * zero_point + 1) << form.shift_less_one
    parts = (form.bias[chosen], words, form.multiplier[chosen], offset[chosen], form.shift_less_one[chosen])
    return as_words(np.concatenate(parts, 1))


def _overlaps(op: Op, image: Tensor, out: Tensor) -> tuple[Overlap, ...]:
    """Channels that are computed twice are read again after the first time's outputs are written."""
    again = QUAD if image.shape[3] % QUAD else 0
    return tuple(
        Overlap(o.tensor, at_most=o.at_most - again)
        for o in trailing(op, image, out)
        if o.at_most is not None
    )
