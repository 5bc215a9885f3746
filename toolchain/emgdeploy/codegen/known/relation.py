"""Which channels of an operator's input its output's channels need.

A tensor's channels are the places along its last axis. A rule answers for one operator; None says that
every channel of what it reads and writes stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.known.interval import Ranges
from emgdeploy.graph.types import Graph, Op, Tensor

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


def each(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """Operators that compute a channel from the same channel of their first operand."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if not image.shape or not out.shape or image.shape[-1] != out.shape[-1]:
        return None
    return (same(image, out),)


def same(image: Tensor, out: Tensor) -> Tied:
    return Tied(image.index, out.index, np.arange(out.shape[-1], dtype=np.int64))


def combined(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """Operands may be constant, or repeat the one channel that they have."""
    out = graph.out(op)
    operands = [t for t in graph.ins(op) if not t.constant]
    full = [t for t in operands if t.shape[-1:] == out.shape[-1:] != ()]
    if not full:
        return None
    return (*(same(t, out) for t in full), *(Pinned(t.index) for t in operands if t not in full))


def reduced(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    rank = len(graph.tensors[op.inputs[0]].shape)
    axes = {int(a) % rank for a in np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)}
    return None if rank - 1 in axes else each(graph, op, known)


def view(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    """A view that joins whole pixels: place p of its last axis is channel p % channels."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if not image.shape or not out.shape or out.shape[-1] % image.shape[-1]:
        return None
    source_of = np.arange(out.shape[-1], dtype=np.int64) % image.shape[-1]
    return (Tied(image.index, out.index, source_of),)
