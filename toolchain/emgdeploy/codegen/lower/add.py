"""ADD, int8: both operands rescaled to a common scale, added, requantized."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.step import Field, Overlap, Step
from emgdeploy.graph.numerics import Multiplier, activation_range, quantize_multiplier
from emgdeploy.graph.types import Graph, Op, Tensor

LEFT_SHIFT = 20


def add_multipliers(a: Tensor, b: Tensor, out: Tensor) -> tuple[Multiplier, Multiplier, Multiplier]:
    """Multipliers of both operands and of the sum, in TFLite's mixture of float32 and double."""
    twice_largest = float(np.float32(2) * max(a.q.scale, b.q.scale))
    headroom = float(np.float32(1 << LEFT_SHIFT) * out.q.scale)
    return (
        quantize_multiplier(float(a.q.scale) / twice_largest),
        quantize_multiplier(float(b.q.scale) / twice_largest),
        quantize_multiplier(twice_largest / headroom),
    )


def plain_operands(graph: Graph, op: Op) -> bool:
    """Whether both operands are computed and of the output's shape."""
    operands = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    return all(t.shape == graph.out(op).shape and not t.constant for t in operands)


def lower_add(graph: Graph, op: Op) -> Step | None:
    """The general form, for operands of one shape."""
    if not plain_operands(graph, op):
        return None
    a, b, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    low, high = activation_range(op.activation, out)
    multipliers = dict(zip(("a_", "b_", ""), add_multipliers(a, b, out), strict=True))
    zero_points = {"a_": a.q.zero_point, "b_": b.q.zero_point, "": out.q.zero_point}
    operands = tuple(
        field
        for prefix, m in multipliers.items()
        for field in (
            Field(f"{prefix}zero_point", zero_points[prefix]),
            Field(f"{prefix}multiplier", m.mantissa),
            Field(f"{prefix}shift", m.shift),
        )
    )
    return Step(
        op=op,
        kernel="emg_add_s8",
        header="kernels/elementwise/add_s8.h",
        sources=("kernels/elementwise/add_s8.c",),
        fields=(Field("length", out.elements), *operands, Field("low", low), Field("high", high)),
        arrays=(),
        reads=(a.index, b.index),
        writes=out.index,
        overlaps=(Overlap(a.index, at_most=0), Overlap(b.index, at_most=0)),
    )
