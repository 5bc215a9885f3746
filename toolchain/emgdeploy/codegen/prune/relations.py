"""Which channels of an operator's input its output's channels need.

A tensor's channels are the places along its last axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.prune.absorb import absorbed
from emgdeploy.codegen.prune.ranges import Ranges
from emgdeploy.graph.axes import axes_of
from emgdeploy.graph.operators.layout import CONCATENATION, EXPAND_DIMS, PAD, RESHAPE, SQUEEZE, TRANSPOSE
from emgdeploy.graph.operators.reduction import AVERAGE_POOL_2D, MAX_POOL_2D, MEAN, REDUCE_MAX, REDUCE_MIN
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op, Operands, Operator, Tensor

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Kept = dict[int, Bools]


@dataclass(frozen=True)
class Tied:
    """Channel first + c of `target` is computed from channel source_of[c] of `source` alone.

    Both stay or both go.
    """

    source: int
    target: int
    source_of: Ints
    first: int = 0

    def spread(self, kept: Kept) -> None:
        part = kept[self.target][self.first : self.first + self.source_of.size]
        np.logical_or.at(kept[self.source], self.source_of, part)
        part |= kept[self.source][self.source_of]


@dataclass(frozen=True)
class Mixed:
    """A kept channel o of `target` needs those channels c of `source` where needs[o, c]."""

    source: int
    target: int
    needs: Bools

    def spread(self, kept: Kept) -> None:
        kept[self.source] |= self.needs[kept[self.target]].any(axis=0)


@dataclass(frozen=True)
class Pinned:
    """Every channel stays."""

    tensor: int

    def spread(self, kept: Kept) -> None:
        kept[self.tensor][:] = True


Relation = Tied | Mixed | Pinned


def relations(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...]:
    """What an operator demands of the channels of its operands and output; of a chain, in order."""
    parts = op.chain or (op,)
    return tuple(r for part in parts for r in _relations(graph, part, known))


def _relations(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...]:
    rule = _RULES.get(op.kind) or _USUAL.get(op.kind.operands)
    found = rule(graph, op, known) if rule else None
    if found is not None:
        return found
    activations = [t for t in (*op.inputs, *op.outputs) if t >= 0 and not graph.tensors[t].constant]
    return tuple(Pinned(t) for t in activations)


def _weighted(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """Convolutions and dense layers; of these, column p of a unit's weights reads channel p % channels."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    needs = ~absorbed(graph, op, known)
    units, columns = needs.shape
    if image.shape[-1:] == () or columns % image.shape[-1] or out.shape[-1:] != (units,):
        return None
    by_channel = needs.reshape(units, -1, image.shape[-1]).any(axis=1)
    return (Mixed(image.index, out.index, np.asarray(by_channel)),)


def _depthwise(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...]:
    source_of = np.arange(graph.out(op).shape[3], dtype=np.int64) // op.depth_multiplier
    return (Tied(op.inputs[0], op.outputs[0], source_of),)


def _each(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """Operators that compute a channel from the same channel of their first operand."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if not image.shape or not out.shape or image.shape[-1] != out.shape[-1]:
        return None
    return (_same(image, out),)


def _same(image: Tensor, out: Tensor) -> Tied:
    return Tied(image.index, out.index, np.arange(out.shape[-1], dtype=np.int64))


def _combined(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """Operands may be constant, or repeat the one channel that they have."""
    out = graph.out(op)
    operands = [t for t in graph.ins(op) if not t.constant]
    full = [t for t in operands if t.shape[-1:] == out.shape[-1:] != ()]
    if not full:
        return None
    return (*(_same(t, out) for t in full), *(Pinned(t.index) for t in operands if t not in full))


def _mean(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    rank = len(graph.tensors[op.inputs[0]].shape)
    axes = {int(a) % rank for a in np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)}
    return None if rank - 1 in axes else _each(graph, op, known)


def _pad(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    return None if np.asarray(graph.tensors[op.inputs[1]].data)[-1].any() else _each(graph, op, known)


def _transpose(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    axes = axes_of(graph, op)
    return _each(graph, op, known) if axes and axes[-1] == len(axes) - 1 else None


def _view(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """A view that joins whole pixels: place p of its last axis is channel p % channels."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if not image.shape or not out.shape or out.shape[-1] % image.shape[-1]:
        return None
    source_of = np.arange(out.shape[-1], dtype=np.int64) % image.shape[-1]
    return (Tied(image.index, out.index, source_of),)


def _concatenation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    parts, out = graph.ins(op), graph.out(op)
    if any(t.constant for t in parts):
        return None
    if op.axis % len(out.shape) != len(out.shape) - 1:
        return tuple(_same(t, out) for t in parts)
    starts = itertools.accumulate((t.shape[-1] for t in parts), initial=0)
    return tuple(
        replace(_same(t, t), target=out.index, first=first) for t, first in zip(parts, starts, strict=False)
    )


_Rule = Callable[[Graph, Op, Ranges], tuple[Relation, ...] | None]
_RULES: dict[Operator, _Rule] = {
    CONCATENATION: _concatenation,
    CONV_2D: _weighted,
    DEPTHWISE_CONV_2D: _depthwise,
    FULLY_CONNECTED: _weighted,
    MEAN: _mean,
    PAD: _pad,
    REDUCE_MAX: _mean,
    REDUCE_MIN: _mean,
    TRANSPOSE: _transpose,
    **dict.fromkeys((EXPAND_DIMS, RESHAPE, SQUEEZE), _view),
    **dict.fromkeys((AVERAGE_POOL_2D, MAX_POOL_2D), _each),
}
_USUAL: dict[Operands, _Rule] = {Operands.ONE: _each, Operands.TWO: _combined, Operands.SLOPES: _combined}
