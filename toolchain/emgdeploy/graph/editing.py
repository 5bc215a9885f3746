"""Small edits that passes share: new tensors, new constants, new operators."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.types import Graph, Op, Operator, Origin, Tensor


class Editor:
    """A graph under rewriting: tensors are added to it, operators are collected in order."""

    def __init__(self, graph: Graph) -> None:
        self.tensors = dict(graph.tensors)
        self.graph = graph
        self.ops: list[Op] = []
        self._tensor = max(graph.tensors, default=0)
        self._op = max((op.index for op in graph.ops), default=0)

    def tensor(self, like: Tensor, shape: tuple[int, ...], origin: Origin | None) -> Tensor:
        """A new tensor with the type, quantization and name of another."""
        self._tensor += 1
        made = replace(like, index=self._tensor, shape=shape, data=None, origin=origin)
        self.tensors[made.index] = made
        return made

    def constant(self, like: Tensor, data: NDArray[np.generic]) -> Tensor:
        """A new constant with the type, quantization and name of another."""
        self._tensor += 1
        made = replace(like, index=self._tensor, shape=data.shape, data=data)
        self.tensors[made.index] = made
        return made

    def integers(self, values: Sequence[int] | NDArray[np.int64]) -> Tensor:
        """A new int32 constant."""
        data = np.asarray(values, np.int32)
        return self.constant(Tensor(0, "", data.shape, data.dtype), data)

    def add(self, op: Op) -> None:
        self.ops.append(op)

    def new(self, kind: Operator, inputs: tuple[int, ...], out: int) -> None:
        """A new operator without attributes."""
        self._op += 1
        self.add(Op(self._op, kind, inputs, (out,)))

    def finish(self, outputs: tuple[int, ...] | None = None) -> Graph:
        return replace(
            self.graph, tensors=self.tensors, ops=tuple(self.ops), outputs=outputs or self.graph.outputs
        )


def without_unread(graph: Graph, ops: Sequence[Op], members: Collection[int]) -> tuple[Op, ...]:
    """The operators without those of `members`, by index, that nobody reads, or nobody any more."""
    needed, kept = set(graph.outputs), []
    for op in reversed(ops):
        if op.index not in members or needed & set(op.outputs):
            needed |= set(op.inputs)
            kept.append(op)
    return tuple(reversed(kept))
