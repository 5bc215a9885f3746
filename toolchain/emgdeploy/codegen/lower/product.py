"""BATCH_MATMUL: every matrix product as one walk over rows, columns and depth."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.lower.axes import broadcast_strides, listed, merged, padded
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.numerics import quantize_multiplier
from emgdeploy.graph.operators.product import BATCH_MATMUL, matrices
from emgdeploy.graph.types import Graph, Op, Tensor


def lower_batch_matmul(graph: Graph, op: Op) -> Step:
    """A constant goes second: what then are columns of the output are rows of the other operand."""
    a, b, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    (*_, rows, depth), (*_, columns) = matrices(op, a, b)
    down, across = _steps(a, op.adjoint[0]), _steps(b, op.adjoint[1])
    sides = (
        (a, rows, down[0], down[1], columns),
        (b, columns, across[1], across[0], 1),
    )
    (first, *_), (second, *_) = sides = sides[::-1] if a.constant else sides
    m = quantize_multiplier(float(a.q.scale) * float(b.q.scale) / float(out.q.scale))
    fields = (
        *_batches(graph, op, (first, second)),
        *(f for name, side in zip("ab", sides, strict=True) for f in _side(name, *side)),
        Field("depth", depth),
        Field("zero_point", out.q.zero_point),
        Field("multiplier", m.mantissa),
        Field("shift", m.shift),
    )
    name = f"operand_{op.index}"
    constant = (
        (Array(name, "int8_t", np.asarray(second.data).reshape(-1), "weights"),) if second.constant else ()
    )
    return Step(
        op=op,
        kernel="emg_batch_matmul_s8",
        header="kernels/dense/batch_matmul_s8.h",
        sources=("kernels/dense/batch_matmul_s8.c",),
        fields=fields,
        arrays=constant,
        constants=(name,) if constant else (),
        reads=(first.index,) if constant else (first.index, second.index),
        writes=out.index,
        macs=out.elements * depth,
    )


def _steps(tensor: Tensor, adjoint: bool) -> tuple[int, int]:
    """How far apart neighbours lie from row to row and from column to column of a matrix."""
    width = tensor.shape[-1]
    return (1, width) if adjoint else (width, 1)


def _side(
    name: str, tensor: Tensor, count: int, step: int, depth_step: int, out_step: int
) -> tuple[Field, ...]:
    return (
        Field(f"{name}_count", count),
        Field(f"{name}_step", step),
        Field(f"{name}_depth_step", depth_step),
        Field(f"{name}_out_step", out_step),
        Field(f"{name}_zero_point", tensor.q.zero_point),
    )


def _batches(graph: Graph, op: Op, operands: tuple[Tensor, Tensor]) -> tuple[Field, ...]:
    """Where each pair of matrices lies; an operand of fewer may repeat."""
    batch = graph.out(op).shape[:-2]
    sizes = [t.shape[-2] * t.shape[-1] for t in operands]
    steps = [
        [step * size for step in broadcast_strides(t.shape[:-2], batch)]
        for t, size in zip(operands, sizes, strict=True)
    ]
    walk = list(zip(batch, zip(*steps, strict=True), strict=True))
    axes = padded(graph, op, merged(walk), 3)
    return (
        listed("batch", [size for size, _ in axes]),
        *(listed(f"{name}_stride", [step[i] for _, step in axes]) for i, name in enumerate(("a", "b"))),
    )


RECORDS = (Record(BATCH_MATMUL, int8=(lower_batch_matmul,)),)
