"""Small edits that passes share: new tensors, new constants, new operators, axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.types import Graph, Op, OpKind, Origin, Tensor

Axes = tuple[int, ...]


def inverse(axes: Axes) -> Axes:
    """The permutation that undoes `axes`."""
    return tuple(axes.index(i) for i in range(len(axes)))


def composed(first: Axes, second: Axes) -> Axes:
    """One permutation for transposing by `first`, then by `second`."""
    return tuple(first[a] for a in second)


def transposed_shape(shape: Sequence[int], axes: Axes) -> tuple[int, ...]:
    return tuple(shape[a] for a in axes)


def keeps_order(shape: Sequence[int], axes: Axes) -> bool:
    """Whether a transposition leaves every element where it is, as it moves axes of size 1 only."""
    moved = [a for a in axes if shape[a] != 1]
    return moved == sorted(moved)


def transposed_origin(tensor: Tensor, axes: Axes) -> Origin:
    """What a transposed copy of `tensor` is equal to."""
    source = tensor.source
    return Origin(source.tensor, composed(source.axes, axes) if source.axes else axes)


def axes_of(graph: Graph, op: Op) -> Axes:
    """The permutation of a TRANSPOSE, without negative numbers."""
    values = np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)
    return tuple(int(a) % values.size for a in values)


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

    def transpose(self, source: Tensor, axes: Axes, out: int) -> None:
        """Write transpose(source, axes) to tensor `out`: as a view where nothing moves."""
        if keeps_order(source.shape, axes):
            self.view(source.index, out)
            return
        self._op += 1
        self.add(Op(self._op, OpKind.TRANSPOSE, (source.index, self.integers(axes).index), (out,)))

    def view(self, source: int, out: int) -> None:
        self._op += 1
        self.add(Op(self._op, OpKind.RESHAPE, (source,), (out,)))

    def finish(self, outputs: tuple[int, ...] | None = None) -> Graph:
        return replace(
            self.graph, tensors=self.tensors, ops=tuple(self.ops), outputs=outputs or self.graph.outputs
        )
