"""Input channels that a convolution or dense layer can do without: their share moves into the bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.known.accumulate import taps, weights_by_tap
from emgdeploy.codegen.known.biases import biases
from emgdeploy.codegen.known.interval import Ranges
from emgdeploy.codegen.known.relation import Mixed, Relation
from emgdeploy.graph.types import Graph, Op

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
# The narrowest biases and accumulators are of 32 bits.
_LARGEST_BIAS = 2**31 - 1


def absorbed(graph: Graph, op: Op, known: Ranges) -> Bools:
    """(out channels, in channels): where an output does not depend on an input channel.

    All its weights are 0, or what it adds to the sum is known and the same at every position. At a
    border, where some of the window lies outside, that is seldom so unless the channel is at its
    zero point.
    """
    unread = ~weights_by_tap(graph, op).any(axis=0).T
    return unread | _steady(graph, op, known)[0]


def absorbed_sums(graph: Graph, op: Op, known: Ranges) -> Ints:
    """(out channels, in channels): what each such channel adds to the sum; 0 elsewhere."""
    steady, sums = _steady(graph, op, known)
    return np.where(steady, sums, 0)


def _steady(graph: Graph, op: Op, known: Ranges) -> tuple[Bools, Ints]:
    """Where a channel's share is known and everywhere the same, and that share."""
    weights = weights_by_tap(graph, op)
    shape = (weights.shape[2], weights.shape[1])
    steady, sums = np.zeros(shape, np.bool_), np.zeros(shape, np.int64)
    found = known.get(op.inputs[0])
    if found is None:
        return steady, sums
    low, high = taps(graph, op, found.low), taps(graph, op, found.high)
    for c in np.flatnonzero((low == high).all(axis=(0, 1))).tolist():
        share = low[:, :, c] @ weights[:, c]
        steady[:, c] = (share == share[0]).all(axis=0)
        sums[:, c] = share[0]
    bias = biases(graph, op, shape[0])
    fits = np.abs(bias) + np.abs(sums * steady).sum(axis=1) <= _LARGEST_BIAS
    return steady & fits[:, None], sums


def weighted_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """Convolutions and dense layers; of these, column p of a unit's weights reads channel p % channels."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    needs = ~absorbed(graph, op, known)
    units, columns = needs.shape
    if image.shape[-1:] == () or columns % image.shape[-1] or out.shape[-1:] != (units,):
        return None
    by_channel = needs.reshape(units, -1, image.shape[-1]).any(axis=1)
    return (Mixed(image.index, out.index, np.asarray(by_channel)),)
