"""DEPTHWISE_CONV_2D with a window of any shape for Helium: eight channels at a time."""

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
from emgdeploy.codegen.lower.mve.vector_form import VectorForm, vector_form
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op

_OCT = 8
# Where the outputs of eight channels go is said in 16 bits.
_LARGEST_MULTIPLIER = 2**16 // _OCT


def lower_depthwise_any_mve(graph: Graph, op: Op) -> Step | None:
    """The step, or None when a channel's numbers rule out the vectors' rounding."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = depthwise_channels(graph, op)
    form = vector_form(channels, matrix)
    if form is None or op.depth_multiplier > _LARGEST_MULTIPLIER:
        return None
    name = f"stream_{op.index}"
    values = _stream(op, taps_in_order(op, matrix), form)
    return Step(
        op=op,
        kernel="emg_depthwise_any_mve_s8",
        header="kernels/depthwise/mve/depthwise_any_mve_s8.h",
        sources=(
            "kernels/depthwise/mve/depthwise_any_mve_s8.c",
            "kernels/depthwise/mve/depthwise_octs_mve_s8.c",
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
        overlaps=trailing(op, image, out),
    )


def _how(op: Op, channels: Channels, padding: int) -> tuple[Field, ...]:
    """The members of emg_depthwise_octs_t."""
    return (
        Field("next", op.depth_multiplier),
        Field("zero_point", channels.zero_point),
        Field("low", channels.low),
        Field("high", channels.high),
        Field("padding", f"{{{', '.join([str(padding)] * _OCT)}}}"),
    )


def _stream(op: Op, taps: NDArray[np.int8], form: VectorForm) -> NDArray[np.int32]:
    """By number of the output of each input, eight inputs after the other; what is missing halves a zero."""
    columns = np.stack([form.bias, form.multiplier, form.shift], 1).astype(np.int32)
    parts = []
    for i in range(op.depth_multiplier):
        constants, weights = columns[i :: op.depth_multiplier], taps[i :: op.depth_multiplier]
        for c in range(0, len(weights), _OCT):
            mine, window = constants[c : c + _OCT], weights[c : c + _OCT]
            missing = _OCT - len(mine)
            mine = np.concatenate([mine, np.tile(np.array([[0, 1, -1]], np.int32), (missing, 1))])
            window = np.concatenate([window, np.zeros((missing, window.shape[1]), np.int8)])
            bias, multiplier, shift = np.concatenate([mine[0::2], mine[1::2]]).T
            parts += [bias, np.ascontiguousarray(window.T).view(np.int32).reshape(-1), multiplier, shift]
    return np.concatenate(parts)
