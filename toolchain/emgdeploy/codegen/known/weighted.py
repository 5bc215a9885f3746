"""Ranges of convolutions and dense layers: from accumulators to outputs, rounded as the reference does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emgdeploy.codegen.exact.fixedpoint import reduced_multiplier, requantize_each
from emgdeploy.codegen.known.accumulate import accumulators
from emgdeploy.codegen.known.biases import INT32_BIAS, biases
from emgdeploy.codegen.known.interval import Ints, Range
from emgdeploy.codegen.rounding import round_half_away
from emgdeploy.graph.numerics import activation_range, convolution_multipliers, dense_scales
from emgdeploy.graph.operators.weighted import DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op

# What the reference defines, less a margin.
_NARROW, _WIDE, _LARGEST_OUTPUT = 2**31 - 1, 2**47 - 1, 2.0**31 - 256


@dataclass(frozen=True)
class _Rescaling:
    """From accumulators (positions, channels) to outputs less their zero point.

    `limits` (channels,): up to which magnitude it is defined, and never falls.
    """

    apply: Callable[[Ints], Ints]
    limits: Ints


def weighted(graph: Graph, op: Op, given: list[Range]) -> Range:
    """(positions, out channels)."""
    weights, out = graph.tensors[op.inputs[1]], graph.out(op)
    channels = weights.shape[3 if op.kind is DEPTHWISE_CONV_2D else 0]
    sums = accumulators(graph, op, given[0], biases(graph, op, channels))
    scaled = _rescaling(graph, op, channels)
    low, high = activation_range(op.activation, out)
    defined = np.maximum(np.abs(sums.low), np.abs(sums.high)) <= scaled.limits

    def output(acc: Ints) -> Ints:
        inside = np.clip(acc, -scaled.limits, scaled.limits)
        return np.clip(scaled.apply(inside) + out.q.zero_point, low, high)

    return Range(
        np.where(defined, output(sums.low), low),
        np.where(defined, output(sums.high), high),
    )


def _rescaling(graph: Graph, op: Op, channels: int) -> _Rescaling:
    short = graph.out(op).dtype == np.int8 or op.quantized_bias == INT32_BIAS
    if op.kind is FULLY_CONNECTED:
        return _dense(graph, op, channels, _NARROW if short else _WIDE)
    return _narrow(graph, op, channels) if short else _wide(graph, op, channels)


def _dense(graph: Graph, op: Op, units: int, limit: int) -> _Rescaling:
    image, weights = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    scales = np.array(dense_scales(image, weights, graph.out(op), units))
    limits = np.minimum(_LARGEST_OUTPUT / scales, limit).astype(np.int64)
    return _Rescaling(lambda acc: round_half_away(acc * scales), limits)


def _narrow(graph: Graph, op: Op, channels: int) -> _Rescaling:
    mantissas, shifts = _multipliers(graph, op, channels)
    # What is shifted left must not wrap around.
    limits = _NARROW >> np.maximum(shifts, 0)
    return _Rescaling(lambda acc: requantize_each(acc, mantissas, shifts), limits)


def _wide(graph: Graph, op: Op, channels: int) -> _Rescaling:
    mantissas, shifts = _multipliers(graph, op, channels)
    reduced = [reduced_multiplier(m) for m in mantissas.tolist()]
    total = 15 - shifts
    half = np.left_shift(1, total - 1)
    # The reference keeps the low 32 bits of what comes out.
    limits = [
        min(_WIDE, (_NARROW - 1 << t) // max(r, 1)) for r, t in zip(reduced, total.tolist(), strict=True)
    ]
    factors = np.array(reduced, np.int64)
    return _Rescaling(lambda acc: (acc * factors + half) >> total, np.array(limits, np.int64))


def _multipliers(graph: Graph, op: Op, channels: int) -> tuple[Ints, Ints]:
    """Mantissas and shifts, (channels,)."""
    image, weights = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    found = convolution_multipliers(image, weights, graph.out(op), channels)
    return np.array([m.mantissa for m in found], np.int64), np.array([m.shift for m in found], np.int64)
