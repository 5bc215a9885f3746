"""Operators that change nothing, turned into views.

A view shares its input's bytes and keeps its own tensor, so that whatever reads it still finds the
scale and the shape it was made with.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.numerics import activation_range, type_range
from emgdeploy.graph.passes.editing import axes_of, keeps_order
from emgdeploy.graph.types import Activation, Graph, Op, OpKind, Tensor

_RELUS = {OpKind.RELU: Activation.RELU, OpKind.RELU6: Activation.RELU6}


def drop_identities(graph: Graph) -> Graph:
    """Make every operator that copies its input bit for bit a view of it."""
    return graph.with_ops(
        tuple(
            replace(op, kind=OpKind.RESHAPE, inputs=op.inputs[:1]) if _copies(graph, op) else op
            for op in graph.ops
        )
    )


def _copies(graph: Graph, op: Op) -> bool:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if image.constant or image.dtype != out.dtype or op.chain:
        return False
    if op.kind is OpKind.TRANSPOSE:
        return keeps_order(image.shape, axes_of(graph, op))
    if op.kind is OpKind.PAD:
        return not np.asarray(graph.tensors[op.inputs[1]].data).any()
    if op.kind is OpKind.CONCATENATION:
        return len(op.inputs) == 1
    if op.kind is OpKind.QUANTIZE:
        return _same_numbers(image, out)
    # A multiplier of exactly 1, and a range that reaches to both ends of the type.
    if op.kind in _RELUS and _same_numbers(image, out):
        return activation_range(_RELUS[op.kind], out) == type_range(out.dtype)
    return False


def _same_numbers(a: Tensor, b: Tensor) -> bool:
    return a.q.scale == b.q.scale and a.q.zero_point == b.q.zero_point
