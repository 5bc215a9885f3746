"""FULLY_CONNECTED for the DSP extension: eight units at a time over a widened input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.dense import dense_channels
from emgdeploy.codegen.lower.dsp.pack import as_words, fill, pair_order, pair_words
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op

_UNITS = 8
_PAIRS = _UNITS // 2
# The kernel shifts by at least 33: 31 - shift - 33 must not be negative.
_LARGEST_SHIFT = -2
# Inputs of up to so many steps are widened whole, longer ones in runs of at most so many.
_LONGEST_RUN = 512
_SHORTEST_RUN = 16


def lower_dense_dsp(graph: Graph, op: Op) -> Step | None:
    """The step, or None when a unit's numbers rule out the packed form."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = dense_channels(graph, op)
    units, depth = matrix.shape
    order = pair_order(1, depth)
    steps = order.size // 2
    found = _longest_runs(matrix, order, channels.bias.astype(np.int64))
    if found is None or int(channels.shift.max()) > _LARGEST_SHIFT:
        return None
    stream, run_steps = found
    short = replace(channels, shift=_LARGEST_SHIFT - channels.shift, zero_point=2 * channels.zero_point + 1)
    name = f"stream_{op.index}"
    starts = 4 * -(-units // _UNITS) * _UNITS * -(-steps // run_steps)
    return Step(
        op=op,
        kernel="emg_fully_connected_dsp_s8",
        header="kernels/dense/dsp/fully_connected_dsp_s8.h",
        sources=("kernels/dense/dsp/fully_connected_dsp_s8.c", "kernels/dense/dsp/dense_8_s8.c"),
        fields=(
            Field("stream", name),
            short.field(op.index, bias="0"),
            Field("rows", image.elements // depth),
            Field("depth", depth),
            Field("steps", steps),
            Field("run_steps", run_steps),
            Field("units", units),
        ),
        arrays=(
            Array(name, "int32_t", stream, "weights", other_bytes=starts),
            *short.arrays(op.index)[1:],
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * depth,
        scratch_bytes=4 * run_steps,
    )


def _longest_runs(
    matrix: NDArray[np.int64], order: NDArray[np.int64], bias: NDArray[np.int64]
) -> tuple[NDArray[np.int32], int] | None:
    """The stream and the steps of a run, in the longest runs whose sums have room."""
    run_steps = min(order.size // 2, _LONGEST_RUN)
    while run_steps >= min(order.size // 2, _SHORTEST_RUN):
        stream = _stream(matrix, order, bias, run_steps)
        if stream is not None:
            return stream, run_steps
        run_steps = run_steps // 4 * 2
    return None


def _stream(
    matrix: NDArray[np.int64], order: NDArray[np.int64], bias: NDArray[np.int64], run_steps: int
) -> NDArray[np.int32] | None:
    """Blocks of eight units; in each, run by run, their starting sums, then four words a step."""
    units = -(-matrix.shape[0] // _UNITS) * _UNITS
    matrix, bias = fill(matrix, units), fill(bias, units)
    blocks: list[list[NDArray[np.int64]]] = [[] for _ in range(0, units, _UNITS)]
    for first in range(0, order.size, 2 * run_steps):
        packed = pair_words(matrix, order[first : first + 2 * run_steps], bias if first == 0 else 0 * bias)
        if packed is None:
            return None
        starts, words = packed
        for i, block in enumerate(blocks):
            pairs = slice(i * _PAIRS, (i + 1) * _PAIRS)
            block += [starts[pairs].reshape(-1), words[pairs].T.reshape(-1)]
    return as_words(np.concatenate([part for block in blocks for part in block]))
