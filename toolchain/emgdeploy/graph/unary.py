"""Operators whose outputs each depend on one element of one computed tensor."""

from __future__ import annotations

import numpy as np

from emgdeploy.graph.types import Graph, Op, Operands, Tensor


def only_operand(graph: Graph, op: Op) -> Tensor | None:
    """The tensor that such an operator reads; None for any other operator.

    Operators of two operands count where the other one is one constant number, those with an int16 form
    of their own where they are int8.
    """
    if op.kind.operands is Operands.ONE:
        image = graph.tensors[op.inputs[0]]
        return None if op.kind.own_int16 and image.dtype != np.int8 else image
    if not op.kind.elementwise:
        return None
    a, b = (graph.tensors[i] for i in op.inputs)
    if a.constant and op.kind.operands is Operands.TWO:
        a, b = b, a
    alone = b.constant and b.elements == 1 and not a.constant
    return a if alone and a.elements == graph.out(op).elements else None
