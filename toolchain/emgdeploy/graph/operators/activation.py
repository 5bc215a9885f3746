"""Operators that compute each element from one element of one operand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from emgdeploy.graph.numerics import activation_range, hard_swish_ratios, quantized, type_range
from emgdeploy.graph.operators.options import Attributes, Given, table_of
from emgdeploy.graph.operators.rules import (
    INT8,
    INT16,
    activation,
    fused_range,
    int8,
    multiplier,
    need,
    rescaled,
    same_numbers,
)
from emgdeploy.graph.types import Activation, Graph, Op, Operands, Operator, Tensor

_LARGEST_LOGISTIC_SCALE = 4.0
# Tables of float32 functions are rounded to 32 bits before they are clamped.
_LARGEST_LOG = 30 * math.log(2)


def check_relu(graph: Graph, op: Op) -> None:
    image, out = activation(graph, op)
    fused_range(Activation.RELU6 if op.kind is RELU6 else Activation.RELU, out)
    rescaled(image, out)


def check_narrow_relu(graph: Graph, op: Op) -> None:
    image, out = int8(graph, op)
    fused_range(Activation.RELU_N1_TO_1, out)
    rescaled(image, out)


def check_leaky_relu(graph: Graph, op: Op) -> None:
    image, out = activation(graph, op)
    need(math.isfinite(op.alpha), f"has the slope {op.alpha}")
    rescaled(image, out)
    with np.errstate(over="ignore"):
        multiplier(abs(float(image.q.scale * np.float32(op.alpha) / out.q.scale)))


def check_logistic(graph: Graph, op: Op) -> None:
    image, out = activation(graph, op)
    wanted = 1 / 32768 if out.dtype == INT16 else 1 / 256
    need(
        float(out.q.scale) == wanted,
        f"writes with scale {float(out.q.scale):.6g}; the reference takes {wanted:.6g}",
    )
    need(
        out.dtype == INT8 or float(image.q.scale) < _LARGEST_LOGISTIC_SCALE,
        f"reads with scale {float(image.q.scale):.3g}, which overflows the reference's table index",
    )


def check_tanh(graph: Graph, op: Op) -> None:
    image, out = activation(graph, op)
    if out.dtype == INT16:
        need(
            float(out.q.scale) == 1 / 32768,
            f"writes with scale {float(out.q.scale):.6g}; the reference takes {1 / 32768:.6g}",
        )
        need(
            float(image.q.scale) < _LARGEST_LOGISTIC_SCALE,
            f"reads with scale {float(image.q.scale):.3g}, which overflows the reference's table index",
        )


def check_hard_swish(graph: Graph, op: Op) -> None:
    image, out = int8(graph, op)
    to_output, to_relu = hard_swish_ratios(image, out)
    # The reference shifts 16-bit numbers right by the exponent, never left for the output.
    need(
        2**-16 <= float(to_output) < 1 and 2**-16 <= float(to_relu) < 2**30,
        f"takes scale {float(image.q.scale):.3g} to {float(out.q.scale):.3g}, "
        "beyond what the reference defines",
        "quantize the model again with calibration windows that cover its real range",
    )


def check_gelu(graph: Graph, op: Op) -> None:
    image, out = int8(graph, op)
    multiplier(256 * float(image.q.scale) / float(out.q.scale))


def check_exp(graph: Graph, op: Op) -> None:
    image, out = int8(graph, op)
    largest = float(image.q.scale) * (127 - image.q.zero_point)
    need(
        largest - math.log(float(out.q.scale)) < _LARGEST_LOG,
        f"reaches exp({largest:.4g}), beyond what the reference defines at scale {float(out.q.scale):.3g}",
        "quantize the model again with calibration windows that cover its real range",
    )


def check_abs(graph: Graph, op: Op) -> None:
    rescaled(*int8(graph, op))


def _gelu(op: Any, tensors: Given, where: str) -> Attributes:
    return {"approximate": bool(table_of(op, "GeluOptions", where).Approximate())}


def _leaky_relu(op: Any, tensors: Given, where: str) -> Attributes:
    return {"alpha": float(table_of(op, "LeakyReluOptions", where).Alpha())}


def relu_range(op: Op, out: Tensor) -> tuple[int, int]:
    """The quantized range that an operator of the RELU family leaves."""
    if op.kind is RELU_0_TO_1:
        low, high = type_range(out.dtype)
        return max(low, quantized(out, 0.0)), min(high, quantized(out, 1.0))
    return activation_range(_RANGES[op.kind], out)


def _copies(graph: Graph, op: Op) -> bool:
    """A multiplier of exactly 1, and a range that reaches to both ends of the type."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    return same_numbers(image, out) and relu_range(op, out) == type_range(out.dtype)


ABS = Operator("ABS", check_abs, newest=3, operands=Operands.ONE)
EXP = Operator("EXP", check_exp, newest=2, operands=Operands.ONE)
GELU = Operator("GELU", check_gelu, newest=2, operands=Operands.ONE, attributes=_gelu)
HARD_SWISH = Operator("HARD_SWISH", check_hard_swish, operands=Operands.ONE)
LEAKY_RELU = Operator("LEAKY_RELU", check_leaky_relu, newest=2, operands=Operands.ONE, attributes=_leaky_relu)
LOGISTIC = Operator("LOGISTIC", check_logistic, newest=3, operands=Operands.ONE, own_int16=True)
RELU = Operator("RELU", check_relu, newest=3, operands=Operands.ONE, fuses_as=Activation.RELU, copies=_copies)
RELU6 = Operator(
    "RELU6", check_relu, newest=3, operands=Operands.ONE, fuses_as=Activation.RELU6, copies=_copies
)
RELU_0_TO_1 = Operator("RELU_0_TO_1", check_narrow_relu, operands=Operands.ONE)
RELU_N1_TO_1 = Operator("RELU_N1_TO_1", check_narrow_relu, operands=Operands.ONE)
TANH = Operator("TANH", check_tanh, newest=3, operands=Operands.ONE, own_int16=True)

_RANGES = {
    RELU: Activation.RELU,
    RELU6: Activation.RELU6,
    RELU_N1_TO_1: Activation.RELU_N1_TO_1,
}
