"""What the accumulators of convolutions and dense layers can reach, for inputs within given ranges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.known.interval import Range
from emgdeploy.codegen.known.windows import patches
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op

Ints = NDArray[np.int64]
# numpy multiplies matrices of these much faster, and exactly: 2^28 products of 17 by 8 bits fit 53 bits.
Floats = NDArray[np.float64]


def weights_by_tap(graph: Graph, op: Op) -> Ints:
    """Weights less their zero point: (taps, in channels, out channels), a depthwise layer's
    (taps, in channels, multiplier).
    """
    tensor = graph.tensors[op.inputs[1]]
    values = np.asarray(tensor.data, np.int64)
    if op.kind is CONV_2D:
        return np.moveaxis(values.reshape(values.shape[0], -1, values.shape[3]), 0, 2)
    if op.kind is DEPTHWISE_CONV_2D:
        return values.reshape(-1, values.shape[3] // op.depth_multiplier, op.depth_multiplier)
    return (values - tensor.q.zero_point).T[None]


def taps(graph: Graph, op: Op, values: Ints) -> Ints:
    """What each output position sees of `values`, less their zero point: (positions, taps, channels)."""
    zero_point = graph.tensors[op.inputs[0]].q.zero_point
    if op.kind is FULLY_CONNECTED:
        depth = graph.tensors[op.inputs[1]].shape[1]
        return (values - zero_point).reshape(-1, 1, depth)
    return patches(values - zero_point, op.w)


def accumulators(graph: Graph, op: Op, image: Range, bias: Ints) -> Range:
    """Least and greatest sum of every output, (positions, out channels)."""
    weights = weights_by_tap(graph, op).astype(np.float64)
    low, high = (taps(graph, op, end).astype(np.float64) for end in (image.low, image.high))
    twice_middle = _products(op, high + low, weights)
    twice_reach = _products(op, high - low, np.abs(weights))
    return Range(_halved(twice_middle - twice_reach) + bias, _halved(twice_middle + twice_reach) + bias)


def _products(op: Op, values: Floats, weights: Floats) -> Floats:
    if op.kind is not DEPTHWISE_CONV_2D:
        return np.asarray(values.reshape(len(values), -1) @ weights.reshape(-1, weights.shape[2]))
    total = np.zeros((len(values), *weights.shape[1:]))
    for tap, factors in enumerate(weights):
        total += values[:, tap, :, None] * factors
    return total.reshape(len(values), -1)


def _halved(twice: Floats) -> Ints:
    return np.asarray(twice / 2, np.int64)
