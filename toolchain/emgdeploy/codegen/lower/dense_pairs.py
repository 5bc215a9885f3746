"""FULLY_CONNECTED, int8, for cores without SIMD: two units in one multiplication of 32 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.dense import dense_channels
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op

_UNITS = 8
_LEAST, _GREATEST = -(2**15), 2**15 - 1
# Spreading a chunk's sums costs about as much as three of its inputs.
_SHORTEST_MEAN = 4


def lower_dense_pairs(graph: Graph, op: Op) -> Step | None:
    """The step, or None where the weights leave too few inputs to a chunk."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = dense_channels(graph, op)
    units, depth = matrix.shape
    if np.abs(matrix).max(initial=0) > 128:
        return None
    filled = np.concatenate([matrix, np.zeros((-units % _UNITS, depth), np.int64)])
    eights = filled.reshape(-1, _UNITS, depth)
    cuts = [chunks(eight) for eight in eights]
    if depth * len(eights) < _SHORTEST_MEAN * sum(map(len, cuts)):
        return None
    stream = np.concatenate([_stream(eight, cut) for eight, cut in zip(eights, cuts, strict=True)])
    name = f"stream_{op.index}"
    return Step(
        op=op,
        kernel="emg_fully_connected_pairs_s8",
        header="kernels/dense/fully_connected_pairs_s8.h",
        sources=("kernels/dense/fully_connected_pairs_s8.c", "kernels/dense/dense_chunks_s8.c"),
        fields=(
            Field("stream", name),
            channels.field(op.index),
            Field("rows", image.elements // depth),
            Field("depth", depth),
            Field("units", units),
        ),
        arrays=(Array(name, "int32_t", stream, "weights"), *channels.arrays(op.index)),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * depth,
    )


def chunks(weights: NDArray[np.int64]) -> list[int]:
    """Lengths of the longest runs of inputs over which no unit's sum can leave 16 bits; weights (units, inputs)."""
    positive, negative = np.maximum(weights, 0), np.maximum(-weights, 0)
    greatest = np.cumsum(127 * positive + 128 * negative, axis=1)
    least = -np.cumsum(128 * positive + 127 * negative, axis=1)
    lengths, start = [], 0
    above, below = np.zeros((len(weights), 1), np.int64), np.zeros((len(weights), 1), np.int64)
    while start < weights.shape[1]:
        fits = (greatest[:, start:] - above <= _GREATEST) & (least[:, start:] - below >= _LEAST)
        # The sums only grow, so that those which fit stand in front.
        length = int(fits.all(axis=0).sum())
        lengths.append(length)
        start += length
        above, below = greatest[:, start - 1 : start], least[:, start - 1 : start]
    return lengths


def _stream(weights: NDArray[np.int64], lengths: list[int]) -> NDArray[np.int32]:
    """Chunk by chunk its length, then input by input four words of two units; a 0 behind the last."""
    words = (weights[0::2] + (weights[1::2] << 16)).T.astype(np.int32)
    parts, start = [], 0
    for length in lengths:
        parts += [np.array([length], np.int32), words[start : start + length].reshape(-1)]
        start += length
    return np.concatenate([*parts, np.zeros(1, np.int32)])
