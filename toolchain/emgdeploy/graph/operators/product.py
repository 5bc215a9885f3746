"""BATCH_MATMUL: products of matrices, either of which may be computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from emgdeploy.graph.operators.options import Attributes, Given, table_of
from emgdeploy.graph.operators.rules import INT8, activations, arity, multiplier, need
from emgdeploy.graph.types import Graph, Op, Operator, Tensor

# Products of two numbers of 9 bits, so many of which 32 bits can add.
_LARGEST_DEPTH = (2**31 - 1) // 255**2
_LARGEST_RANK = 5


def check_batch_matmul(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    a, b, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    activations(a, b, out)
    need(out.dtype == INT8, f"has the type {out.dtype}; int8 is needed", "quantize the model to int8")
    need(not (a.constant and b.constant), "multiplies two constants")
    ranks = len(a.shape), len(b.shape)
    need(all(2 <= rank <= _LARGEST_RANK for rank in ranks), f"multiplies {a.shape} by {b.shape}")
    (*batch, rows, depth), (*others, inner, columns) = matrices(op, a, b)
    need(depth == inner, f"multiplies rows of {depth} by columns of {inner}")
    need(depth <= _LARGEST_DEPTH, f"adds {depth} products, more than 32 bits can hold")
    try:
        wanted = (*np.broadcast_shapes(tuple(batch), tuple(others)), rows, columns)
    except ValueError:
        wanted = ()
    need(out.shape == wanted, f"turns shapes {a.shape} and {b.shape} into {out.shape}")
    multiplier(float(a.q.scale) * float(b.q.scale) / float(out.q.scale))


def matrices(op: Op, a: Tensor, b: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of both operands as they are multiplied: (..., rows, depth) and (..., depth, columns)."""
    first, second = op.adjoint
    return _turned(a.shape, first), _turned(b.shape, second)


def _turned(shape: tuple[int, ...], adjoint: bool) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if adjoint else shape


def _batch_matmul(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "BatchMatMulOptions", where)
    return {"adjoint": (bool(table.AdjX()), bool(table.AdjY()))}


BATCH_MATMUL = Operator("BATCH_MATMUL", check_batch_matmul, newest=4, attributes=_batch_matmul, trained=True)
