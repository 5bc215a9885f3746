"""Transpositions carried downwards until they meet their inverse or vanish into weights.

A transposition and an operator that treats all elements alike may change places. So instead of
being computed a transposed tensor is remembered as (source, axes), and each operator that can works
on the source. What arrives at its inverse is gone, what arrives at a dense layer becomes a
permutation of its weights, and only what an operator insists on is computed after all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.axes import Axes, axes_of, composed, inverse, transposed_origin
from emgdeploy.graph.editing import Editor
from emgdeploy.graph.follow import USUAL
from emgdeploy.graph.operators.layout import TRANSPOSE
from emgdeploy.graph.operators.weighted import FULLY_CONNECTED
from emgdeploy.graph.passes.layouts import add_transpose
from emgdeploy.graph.types import Graph, Op, Tensor


def sink_transposes(graph: Graph) -> Graph:
    """The graph with its transpositions moved down, where that moves fewer bytes."""
    sunk = _Sinker(graph).run()
    return sunk if moved_bytes(sunk) < moved_bytes(graph) else graph


def moved_bytes(graph: Graph) -> int:
    """Bytes that the graph's transpositions write."""
    return sum(graph.out(op).nbytes for op in graph.ops if op.kind is TRANSPOSE)


class _Sinker:
    """`lazy`: tensor -> (source, axes) that it is the transposition of; `flat`: a view of such a one."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.editor = Editor(graph)
        self.lazy: dict[int, tuple[Tensor, Axes]] = {}
        self.flat: dict[int, Op] = {}

    def run(self) -> Graph:
        for op in self.graph.ops:
            if not self._move(op):
                self._keep(op)
        return self.editor.finish(tuple(self._computed(t) for t in self.graph.outputs))

    def _move(self, op: Op) -> bool:
        """Let the operator wait, vanish or work on sources; False where it has to be as it is."""
        if op.kind is TRANSPOSE:
            return self._transpose(op)
        if op.kind is FULLY_CONNECTED:
            return self._dense(op)
        return self._view(op) if op.kind.view else self._follow(op)

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
        add_transpose(self.editor, source, axes, tensor)
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

    def _follow(self, op: Op) -> bool:
        """Any other operator, on the sources of what it reads."""
        turned = {i: self.lazy[i] for i in op.inputs if i in self.lazy}
        rule = op.kind.follows or USUAL.get(op.kind.operands)
        moved = rule(self.graph, op, turned) if rule and turned else None
        if moved is None or any(t in self.flat for t in moved.inputs if isinstance(t, int)):
            return False
        inputs = tuple(t if isinstance(t, int) else self._constant(t) for t in moved.inputs)
        axis = op.axis if moved.axis is None else moved.axis
        self._emit(replace(op, inputs=inputs, axis=axis), moved.shape, moved.axes)
        return True

    def _constant(self, tensor: Tensor) -> int:
        return self.editor.constant(tensor, np.asarray(tensor.data)).index

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
