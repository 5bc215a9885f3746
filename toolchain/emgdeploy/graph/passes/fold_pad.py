"""PAD into the convolutions that read it.

A convolution takes what lies outside its image as the zero point, which is what PAD writes for
its quantized input, so the two are the same as long as only height and width are padded.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.operators.layout import PAD
from emgdeploy.graph.operators.weighted import CONVOLUTIONS
from emgdeploy.graph.types import Graph, Op, Padding


def fold_pad(graph: Graph) -> Graph:
    """Remove every PAD whose readers are all convolutions on it; they pad for themselves.

    A PAD of a PAD folds in two rounds, the one that a convolution reads first.
    """
    while True:
        consumers = graph.consumers()
        folded = {op.outputs[0]: op for op in graph.ops if _folds(graph, op, consumers)}
        if not folded:
            return graph
        kept = (op for op in graph.ops if op.outputs[0] not in folded)
        graph = graph.with_ops(tuple(_absorb(graph, op, folded) for op in kept))


def _folds(graph: Graph, op: Op, consumers: dict[int, list[Op]]) -> bool:
    readers = consumers.get(op.outputs[0], [])
    if op.kind is not PAD or op.outputs[0] in graph.outputs or not readers:
        return False
    amounts = _amounts(graph, op)
    if amounts.shape != (4, 2) or amounts[0].any() or amounts[3].any():
        return False
    return all(r.kind in CONVOLUTIONS and r.inputs[0] == op.outputs[0] for r in readers)


def _amounts(graph: Graph, op: Op) -> np.ndarray:
    return np.asarray(graph.tensors[op.inputs[1]].data, np.int64)


def _absorb(graph: Graph, op: Op, folded: dict[int, Op]) -> Op:
    pad = folded.get(op.inputs[0])
    if pad is None:
        return op
    (top, bottom), (left, right) = _amounts(graph, pad)[1:3].tolist()
    own = op.w.padding
    padding = Padding(own.top + top, own.bottom + bottom, own.left + left, own.right + right)
    return replace(op, inputs=(pad.inputs[0], *op.inputs[1:]), window=replace(op.w, padding=padding))
