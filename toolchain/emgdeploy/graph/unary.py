"""Operators whose outputs each depend on one element of one computed tensor."""

from __future__ import annotations

import numpy as np

from emgdeploy.graph.types import Graph, Op, OpKind, Tensor

_ONE_INPUT = frozenset(
    {
        OpKind.DEQUANTIZE,
        OpKind.LEAKY_RELU,
        OpKind.LOGISTIC,
        OpKind.QUANTIZE,
        OpKind.RELU,
        OpKind.RELU6,
    }
)
_SYMMETRIC = frozenset({OpKind.ADD, OpKind.MUL})


def only_operand(graph: Graph, op: Op) -> Tensor | None:
    """The tensor that such an operator reads; None for any other operator.

    ADD, MUL and PRELU count where their other operand is one constant number, LOGISTIC where it is
    int8 (its int16 form is a formula of its own).
    """
    if op.kind in _ONE_INPUT:
        image = graph.tensors[op.inputs[0]]
        return None if op.kind is OpKind.LOGISTIC and image.dtype != np.int8 else image
    if op.kind not in _SYMMETRIC and op.kind is not OpKind.PRELU:
        return None
    a, b = (graph.tensors[i] for i in op.inputs)
    if a.constant and op.kind in _SYMMETRIC:
        a, b = b, a
    alone = b.constant and b.elements == 1 and not a.constant
    return a if alone and a.elements == graph.out(op).elements else None
