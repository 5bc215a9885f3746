"""Operators whose outputs each depend on one element of one computed tensor."""

from __future__ import annotations

import numpy as np

from emgdeploy.graph.types import Graph, Op, OpKind, Tensor

# Operators of one operand.
ELEMENTWISE = (
    OpKind.ABS,
    OpKind.DEQUANTIZE,
    OpKind.EXP,
    OpKind.GELU,
    OpKind.HARD_SWISH,
    OpKind.LEAKY_RELU,
    OpKind.LOGISTIC,
    OpKind.QUANTIZE,
    OpKind.RELU,
    OpKind.RELU6,
    OpKind.RELU_0_TO_1,
    OpKind.RELU_N1_TO_1,
    OpKind.TANH,
)
# Operators of two, either of which may be constant or repeat.
PAIRS = (OpKind.ADD, OpKind.MAXIMUM, OpKind.MINIMUM, OpKind.MUL, OpKind.SUB)
# Their int16 forms are formulas of their own.
_FORMULAS = (OpKind.LOGISTIC, OpKind.TANH)


def only_operand(graph: Graph, op: Op) -> Tensor | None:
    """The tensor that such an operator reads; None for any other operator.

    Pairs and PRELU count where their other operand is one constant number, LOGISTIC and TANH where
    they are int8.
    """
    if op.kind in ELEMENTWISE:
        image = graph.tensors[op.inputs[0]]
        return None if op.kind in _FORMULAS and image.dtype != np.int8 else image
    if op.kind not in PAIRS and op.kind is not OpKind.PRELU:
        return None
    a, b = (graph.tensors[i] for i in op.inputs)
    if a.constant and op.kind in PAIRS:
        a, b = b, a
    alone = b.constant and b.elements == 1 and not a.constant
    return a if alone and a.elements == graph.out(op).elements else None
