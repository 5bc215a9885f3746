"""Operators that combine two operands element by element; either may repeat."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from emgdeploy.graph.numerics import ratio32, squared_difference_ratio
from emgdeploy.graph.operators.options import Attributes, Given, activation_of, fused, table_of
from emgdeploy.graph.operators.rules import (
    INT8,
    INT16,
    activations,
    arity,
    broadcast,
    multiplier,
    need,
    pair,
    same_quantization,
)
from emgdeploy.graph.types import Graph, Op, Operands, Operator, Tensor


def check_add(graph: Graph, op: Op) -> None:
    a, b, out = pair(graph, op)
    need(
        not (op.shifts_int16 and out.dtype == INT16 and all(_power_of_two(t) for t in (a, b, out))),
        "asks for the old 16-bit form with power-of-two scales",
        "convert the model again with a converter of 2021 or later",
    )
    headroom = float(np.float32(1 << (15 if out.dtype == INT16 else 20)) * out.q.scale)
    factor = 2 * float(max(a.q.scale, b.q.scale)) / headroom
    need(0 < factor < 1, f"adds operands whose scales are {factor:.3g} times beyond its output's")


def check_squared_difference(graph: Graph, op: Op) -> None:
    """The reference has it in int8 alone, and stops where a square does not become less."""
    a, b, out = pair(graph, op)
    need(out.dtype == INT8, f"computes on {out.dtype}; int8 is needed")
    factor = squared_difference_ratio(a, b, out)
    need(0 < factor < 1, f"writes squares {factor:.3g} times finer than it computes them")


def check_mul(graph: Graph, op: Op) -> None:
    a, b, out = pair(graph, op)
    with np.errstate(over="ignore", under="ignore"):
        multiplier(float(a.q.scale * b.q.scale / out.q.scale))


def check_extreme(graph: Graph, op: Op) -> None:
    """MINIMUM and MAXIMUM compare the integers as they are."""
    a, b, out = pair(graph, op)
    same_quantization(a, out)
    same_quantization(b, out)


def check_prelu(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, slope, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    activations(image, out)
    need(slope.dtype == INT8, f"has slopes of type {slope.dtype}; int8 is needed")
    activations(slope)
    broadcast(image, slope, out)
    need(out.shape == image.shape, f"turns shape {image.shape} into {out.shape}")
    with np.errstate(over="ignore", under="ignore"):
        multiplier(ratio32(image, out))
        multiplier(float(image.q.scale * slope.q.scale / out.q.scale))


def _power_of_two(tensor: Tensor) -> bool:
    log = math.log2(float(tensor.q.scale))
    return abs(log - round(log)) < 2e-3


def _sum(name: str) -> Callable[[Any, Given, str], Attributes]:
    def read(op: Any, tensors: Given, where: str) -> Attributes:
        table = table_of(op, name, where)
        return {"activation": activation_of(table, where), "shifts_int16": bool(table.PotScaleInt16())}

    return read


ADD = Operator(
    "ADD",
    check_add,
    newest=5,
    operands=Operands.TWO,
    attributes=_sum("AddOptions"),
    clamps=True,
    trained=True,
)
MAXIMUM = Operator("MAXIMUM", check_extreme, newest=4, operands=Operands.TWO)
MINIMUM = Operator("MINIMUM", check_extreme, newest=4, operands=Operands.TWO)
MUL = Operator(
    "MUL",
    check_mul,
    newest=7,
    operands=Operands.TWO,
    attributes=fused("MulOptions"),
    clamps=True,
    trained=True,
)
PRELU = Operator("PRELU", check_prelu, operands=Operands.SLOPES, trained=True)
SQUARED_DIFFERENCE = Operator(
    "SQUARED_DIFFERENCE", check_squared_difference, tabled=True, newest=2, operands=Operands.TWO
)
SUB = Operator("SUB", check_add, newest=5, operands=Operands.TWO, attributes=_sum("SubOptions"), clamps=True)
