"""Operators that combine many elements into one: pools, means, extremes, softmax."""

from __future__ import annotations

import math
from typing import Any

from emgdeploy.graph import follow
from emgdeploy.graph.operators.options import Attributes, Given, activation_of, step_of, table_of, window_of
from emgdeploy.graph.operators.rules import (
    INT16,
    activations,
    arity,
    constant,
    fused_range,
    image_out,
    multiplier,
    need,
    same_quantization,
    unary,
)
from emgdeploy.graph.types import Graph, Op, Operator

_SOFTMAX_SLACK = 0.001
_SOFTMAX_INT16_STEPS = 10.0 / 65535.0


def check_pool(graph: Graph, op: Op) -> None:
    arity(op, 1, 1)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    activations(image, out)
    fused_range(op.activation, out)
    image_out(op, image, out, image.shape[3])
    need(op.w.size[0] * op.w.size[1] < 2**15, f"pools {op.w.size[0]} x {op.w.size[1]} values, too many")


def check_mean(graph: Graph, op: Op) -> None:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    count = _reduced(graph, op)
    largest = 2**15 if image.dtype == INT16 else 2**8
    need(count * largest < 2**31, f"takes the mean of {count} values, more than 32 bits can add")
    multiplier(float(image.q.scale) / float(out.q.scale))


def check_extreme(graph: Graph, op: Op) -> None:
    """REDUCE_MAX and REDUCE_MIN compare the integers as they are."""
    same_quantization(graph.tensors[op.inputs[0]], graph.out(op))
    _reduced(graph, op)


def _reduced(graph: Graph, op: Op) -> int:
    """How many values become one."""
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    activations(image, out)
    rank = len(image.shape)
    axes = [int(a) for a in constant(graph, op, 1, "axes").reshape(-1)]
    need(all(-rank <= a < rank for a in axes), f"reduces axes {axes} of rank {rank}")
    dropped = {a % rank for a in axes}
    sizes = [(a, d) for a, d in enumerate(image.shape)]
    kept = tuple(1 if a in dropped else d for a, d in sizes if op.keep_dims or a not in dropped)
    need(out.shape == kept, f"writes shape {out.shape} where {kept} follows from its input")
    return math.prod(d for a, d in sizes if a in dropped)


def check_softmax(graph: Graph, op: Op) -> None:
    image, out = unary(graph, op)
    activations(image, out)
    need(len(image.shape) >= 1, "needs at least one axis")
    step, zero_point = (1 / 32768, 0) if out.dtype == INT16 else (1 / 256, -128)
    near = abs(float(out.q.scale) - step) <= _SOFTMAX_SLACK * step
    need(
        near and out.q.zero_point == zero_point,
        f"writes with scale {float(out.q.scale):.6g} and zero point {out.q.zero_point}; "
        f"the reference takes {step:.6g} and {zero_point}",
    )
    factor = op.beta * float(image.q.scale)
    need(math.isfinite(factor) and factor > 0, f"has beta {op.beta}")
    if out.dtype == INT16:
        multiplier(factor / _SOFTMAX_INT16_STEPS, "its input")
        # 65,535 steps apart, times the multiplier, must stay inside 32 bits.
        need(factor / _SOFTMAX_INT16_STEPS < 2**14, f"has beta * scale of {factor:.3g}, which overflows")
    else:
        need(factor * 2**26 > 1, f"has beta * scale of {factor:.3g}, which the reference cannot hold")
    need(image.shape[-1] <= 4096, f"normalizes {image.shape[-1]} values, more than 4096")


def _pool(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "Pool2DOptions", where)
    size = (step_of(table.FilterHeight(), "filter", where), step_of(table.FilterWidth(), "filter", where))
    return {
        "window": window_of(table, tensors[0], size, (1, 1), where),
        "activation": activation_of(table, where),
    }


def _keep_dims(op: Any, tensors: Given, where: str) -> Attributes:
    return {"keep_dims": bool(table_of(op, "ReducerOptions", where).KeepDims())}


def _softmax(op: Any, tensors: Given, where: str) -> Attributes:
    return {"beta": float(table_of(op, "SoftmaxOptions", where).Beta())}


AVERAGE_POOL_2D = Operator("AVERAGE_POOL_2D", check_pool, newest=3, attributes=_pool, clamps=True)
MAX_POOL_2D = Operator("MAX_POOL_2D", check_pool, newest=3, attributes=_pool, clamps=True)
MEAN = Operator("MEAN", check_mean, newest=3, attributes=_keep_dims, follows=follow.reduction)
REDUCE_MAX = Operator("REDUCE_MAX", check_extreme, newest=3, attributes=_keep_dims, follows=follow.reduction)
REDUCE_MIN = Operator("REDUCE_MIN", check_extreme, newest=3, attributes=_keep_dims, follows=follow.reduction)
SOFTMAX = Operator(
    "SOFTMAX", check_softmax, newest=3, attributes=_softmax, shape=follow.same_shape, follows=follow.last_axis
)
