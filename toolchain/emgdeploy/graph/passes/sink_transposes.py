"""Transpositions carried downwards until they meet their inverse or vanish into weights.

A transposition and an operator that treats all elements alike may change places. So instead of
being computed a transposed tensor is remembered as (source, axes), and each operator that can works
on the source. What arrives at its inverse is gone, what arrives at a dense layer becomes a
permutation of its weights, and only what an operator insists on is computed after all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from emgdeploy.graph.passes.editing import (
    Axes,
    Editor,
    axes_of,
    composed,
    inverse,
    transposed_origin,
    transposed_shape,
)
from emgdeploy.graph.types import Graph, Op, OpKind, Tensor
from emgdeploy.graph.unary import ELEMENTWISE, PAIRS

_VIEWS = (OpKind.RESHAPE, OpKind.SQUEEZE, OpKind.EXPAND_DIMS)


def sink_transposes(graph: Graph) -> Graph:
    """The graph with its transpositions moved down, where that moves fewer bytes."""
    sunk = _Sinker(graph).run()
    return sunk if moved_bytes(sunk) < moved_bytes(graph) else graph


def moved_bytes(graph: Graph) -> int:
    """Bytes that the graph's transpositions write."""
    return sum(graph.out(op).nbytes for op in graph.ops if op.kind is OpKind.TRANSPOSE)


class _Sinker:
    """`lazy`: tensor -> (source, axes) that it is the transposition of; `flat`: a view of such a one."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.editor = Editor(graph)
        self.lazy: dict[int, tuple[Tensor, Axes]] = {}
        self.flat: dict[int, Op] = {}
        self.handlers: dict[OpKind, Callable[[Op], bool]] = {
            OpKind.CONCATENATION: self._concatenation,
            OpKind.FULLY_CONNECTED: self._dense,
            OpKind.MEAN: self._mean,
            OpKind.REDUCE_MAX: self._mean,
            OpKind.REDUCE_MIN: self._mean,
            OpKind.PAD: self._pad,
            OpKind.SOFTMAX: self._softmax,
            OpKind.TRANSPOSE: self._transpose,
            **dict.fromkeys(_VIEWS, self._view),
            **dict.fromkeys((*PAIRS, OpKind.PRELU), self._pair),
            **dict.fromkeys(ELEMENTWISE, self._unary),
        }

    def run(self) -> Graph:
        for op in self.graph.ops:
            handler = self.handlers.get(op.kind)
            if handler is None or not handler(op):
                self._keep(op)
        return self.editor.finish(tuple(self._computed(t) for t in self.graph.outputs))

    def _keep(self, op: Op) -> None:
        inputs = tuple(self._computed(i) if i >= 0 else i for i in op.inputs)
        self.editor.add(replace(op, inputs=inputs))

    def _computed(self, tensor: int) -> int:
        """The tensor that holds these values on the device, computed now if none does yet."""
        if tensor in self.flat:
            self._keep(self.flat.pop(tensor))
        if tensor not in self.lazy:
            return tensor
        source, axes = self.lazy[tensor]
        if axes == tuple(range(len(axes))):
            return source.index
        del self.lazy[tensor]
        self.editor.transpose(source, axes, tensor)
        return tensor

    def _source(self, tensor: int) -> tuple[Tensor, Axes]:
        known = self.editor.tensors[tensor]
        return self.lazy.get(tensor, (known, tuple(range(len(known.shape)))))

    def _emit(self, op: Op, shape: tuple[int, ...], axes: Axes) -> None:
        """`op`, rewritten to work on sources; its output is then the old one before `axes`."""
        old = self.editor.tensors[op.outputs[0]]
        made = self.editor.tensor(old, shape, transposed_origin(old, inverse(axes)))
        self.editor.add(replace(op, outputs=(made.index,)))
        self.lazy[old.index] = (made, axes)

    def _transpose(self, op: Op) -> bool:
        source, axes = self._source(op.inputs[0])
        if op.inputs[0] in self.flat:
            return False
        self.lazy[op.outputs[0]] = (source, composed(axes, axes_of(self.graph, op)))
        return True

    def _view(self, op: Op) -> bool:
        """A view of a transposed tensor waits: a dense layer may take it as it is."""
        if op.inputs[0] not in self.lazy:
            return False
        self.flat[op.outputs[0]] = op
        return True

    def _unary(self, op: Op) -> bool:
        if op.inputs[0] not in self.lazy:
            return False
        source, axes = self.lazy[op.inputs[0]]
        self._emit(replace(op, inputs=(source.index,)), source.shape, axes)
        return True

    def _softmax(self, op: Op) -> bool:
        keeps_last = (
            op.inputs[0] in self.lazy and self.lazy[op.inputs[0]][1][-1] == len(self.graph.out(op).shape) - 1
        )
        return keeps_last and self._unary(op)

    def _pad(self, op: Op) -> bool:
        if op.inputs[0] not in self.lazy:
            return False
        source, axes = self.lazy[op.inputs[0]]
        amounts = np.asarray(self.graph.tensors[op.inputs[1]].data, np.int64)[list(inverse(axes))]
        shape = transposed_shape(self.graph.out(op).shape, inverse(axes))
        inputs = (source.index, self.editor.integers(amounts).index)
        self._emit(replace(op, inputs=inputs), shape, axes)
        return True

    def _concatenation(self, op: Op) -> bool:
        found = {self.lazy[i][1] if i in self.lazy else None for i in op.inputs}
        axes = found.pop()
        if found or axes is None:
            return False
        inputs = tuple(self.lazy[i][0].index for i in op.inputs)
        shape = transposed_shape(self.graph.out(op).shape, inverse(axes))
        self._emit(replace(op, inputs=inputs, axis=axes[op.axis % len(axes)]), shape, axes)
        return True

    def _mean(self, op: Op) -> bool:
        if op.inputs[0] not in self.lazy:
            return False
        source, axes = self.lazy[op.inputs[0]]
        rank = len(axes)
        named = np.asarray(self.graph.tensors[op.inputs[1]].data).reshape(-1)
        dropped = {axes[int(a) % rank] for a in named}
        inputs = (source.index, self.editor.integers(sorted(dropped)).index)
        if op.keep_dims:
            shape = tuple(1 if a in dropped else d for a, d in enumerate(source.shape))
        else:
            left = [a for a in range(rank) if a not in dropped]
            shape = tuple(source.shape[a] for a in left)
            axes = tuple(left.index(a) for a in axes if a not in dropped)
        self._emit(replace(op, inputs=inputs), shape, axes)
        return True

    def _pair(self, op: Op) -> bool:
        rank = len(self.graph.out(op).shape)
        found = {self.lazy[i][1] for i in op.inputs if i in self.lazy}
        if len(found) != 1 or len(axes := found.pop()) != rank:
            return False
        inputs = [self._operand(i, axes) for i in op.inputs]
        if any(i is None for i in inputs):
            return False
        shape = transposed_shape(self.graph.out(op).shape, inverse(axes))
        self._emit(replace(op, inputs=tuple(i for i in inputs if i is not None)), shape, axes)
        return True

    def _operand(self, index: int, axes: Axes) -> int | None:
        """The operand as the source's layout wants it; None where it is computed in another."""
        if index in self.lazy:
            return self.lazy[index][0].index
        tensor = self.graph.tensors[index]
        if tensor.elements == 1:
            return index if index not in self.flat else None
        if tensor.data is None:
            return None
        data = np.asarray(tensor.data).reshape((1,) * (len(axes) - len(tensor.shape)) + tensor.shape)
        return self.editor.constant(tensor, np.ascontiguousarray(data.transpose(inverse(axes)))).index

    def _dense(self, op: Op) -> bool:
        """One row of everything: the transposition becomes an order of the weights' columns."""
        viewed = self.flat[op.inputs[0]].inputs[0] if op.inputs[0] in self.flat else op.inputs[0]
        weights = self.graph.tensors[op.inputs[1]]
        if viewed not in self.lazy or self.lazy[viewed][0].elements != weights.shape[1]:
            return False
        source, axes = self.lazy[viewed]
        place = np.arange(source.elements).reshape(source.shape).transpose(axes).reshape(-1)
        data = np.empty_like(np.asarray(weights.data))
        data[:, place] = np.asarray(weights.data)
        permuted = self.editor.constant(weights, data)
        self.editor.add(replace(op, inputs=(source.index, permuted.index, *op.inputs[2:])))
        return True
