"""PAD into the convolutions that read it.

A convolution takes what lies outside its image as the zero point, which is what PAD writes for
its quantized input, so the two are the same as long as only height and width are padded.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.types import Graph, Op, OpKind, Padding

_CONVOLUTIONS = (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D)


def fold_pad(graph: Graph) -> Graph:
    """Remove every PAD whose readers are all convolutions on it; they pad for themselves."""
    consumers = graph.consumers()
    foldable = {op.outputs[0]: op for op in graph.ops if _folds(graph, op, consumers.get(op.outputs[0], []))}
    kept = tuple(op for op in graph.ops if op.outputs[0] not in foldable)
    return graph.with_ops(tuple(_absorb(graph, op, foldable) for op in kept))


def _folds(graph: Graph, op: Op, readers: list[Op]) -> bool:
    if op.kind is not OpKind.PAD or op.outputs[0] in graph.outputs or not readers:
        return False
    amounts = _amounts(graph, op)
    if amounts.shape != (4, 2) or amounts[0].any() or amounts[3].any():
        return False
    return all(r.kind in _CONVOLUTIONS and r.inputs.index(op.outputs[0]) == 0 for r in readers)


def _amounts(graph: Graph, op: Op) -> np.ndarray:
    return np.asarray(graph.tensors[op.inputs[1]].data, np.int64)


def _absorb(graph: Graph, op: Op, foldable: dict[int, Op]) -> Op:
    pad = foldable.get(op.inputs[0])
    if pad is None:
        return op
    (top, bottom), (left, right) = _amounts(graph, pad)[1:3].tolist()
    own = op.w.padding
    padding = Padding(own.top + top, own.bottom + bottom, own.left + left, own.right + right)
    window = replace(op.w, padding=padding)
    # The PAD's input may itself be padded by another PAD that is folded too.
    folded = replace(op, inputs=(pad.inputs[0], *op.inputs[1:]), window=window)
    return _absorb(graph, folded, foldable)
