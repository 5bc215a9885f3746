"""Operators that compute each element from the same element of their operands."""

from __future__ import annotations

import math

import numpy as np

from emgdeploy.graph.numerics import hard_swish_ratios, ratio32
from emgdeploy.graph.rules.base import (
    INT8,
    INT16,
    activations,
    arity,
    fused_range,
    multiplier,
    need,
    same_quantization,
    unary,
)
from emgdeploy.graph.types import Activation, Graph, Op, OpKind, Tensor

_LARGEST_LOGISTIC_SCALE = 4.0
# Tables of float32 functions are rounded to 32 bits before they are clamped.
_LARGEST_LOG = 30 * math.log(2)


def check_add(graph: Graph, op: Op) -> None:
    a, b, out = _pair(graph, op)
    need(
        not (op.shifts_int16 and out.dtype == INT16 and all(_power_of_two(t) for t in (a, b, out))),
        "asks for the old 16-bit form with power-of-two scales",
        "convert the model again with a converter of 2021 or later",
    )
    headroom = float(np.float32(1 << (15 if out.dtype == INT16 else 20)) * out.q.scale)
    factor = 2 * float(max(a.q.scale, b.q.scale)) / headroom
    need(0 < factor < 1, f"adds operands whose scales are {factor:.3g} times beyond its output's")


def check_mul(graph: Graph, op: Op) -> None:
    a, b, out = _pair(graph, op)
    with np.errstate(over="ignore", under="ignore"):
        multiplier(float(a.q.scale * b.q.scale / out.q.scale))


def check_prelu(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, slope, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    activations(image, out)
    need(slope.dtype == INT8, f"has slopes of type {slope.dtype}; int8 is needed")
    activations(slope)
    _broadcast(image, slope, out)
    need(out.shape == image.shape, f"turns shape {image.shape} into {out.shape}")
    with np.errstate(over="ignore", under="ignore"):
        multiplier(ratio32(image, out))
        multiplier(float(image.q.scale * slope.q.scale / out.q.scale))


def check_relu(graph: Graph, op: Op) -> None:
    image, out = _activation(graph, op)
    fused_range(Activation.RELU6 if op.kind is OpKind.RELU6 else Activation.RELU, out)
    _rescaled(image, out)


def check_leaky_relu(graph: Graph, op: Op) -> None:
    image, out = _activation(graph, op)
    need(math.isfinite(op.alpha), f"has the slope {op.alpha}")
    _rescaled(image, out)
    with np.errstate(over="ignore"):
        multiplier(abs(float(image.q.scale * np.float32(op.alpha) / out.q.scale)))


def check_narrow_relu(graph: Graph, op: Op) -> None:
    image, out = _int8(graph, op)
    fused_range(Activation.RELU_N1_TO_1, out)
    _rescaled(image, out)


def check_abs(graph: Graph, op: Op) -> None:
    _rescaled(*_int8(graph, op))


def check_exp(graph: Graph, op: Op) -> None:
    image, out = _int8(graph, op)
    largest = float(image.q.scale) * (127 - image.q.zero_point)
    need(
        largest - math.log(float(out.q.scale)) < _LARGEST_LOG,
        f"reaches exp({largest:.4g}), beyond what the reference defines at scale {float(out.q.scale):.3g}",
        "quantize the model again with calibration windows that cover its real range",
    )


def check_gelu(graph: Graph, op: Op) -> None:
    image, out = _int8(graph, op)
    multiplier(256 * float(image.q.scale) / float(out.q.scale))


def check_hard_swish(graph: Graph, op: Op) -> None:
    image, out = _int8(graph, op)
    to_output, to_relu = hard_swish_ratios(image, out)
    # The reference shifts 16-bit numbers right by the exponent, never left for the output.
    need(
        2**-16 <= float(to_output) < 1 and 2**-16 <= float(to_relu) < 2**30,
        f"takes scale {float(image.q.scale):.3g} to {float(out.q.scale):.3g}, "
        "beyond what the reference defines",
        "quantize the model again with calibration windows that cover its real range",
    )


def check_tanh(graph: Graph, op: Op) -> None:
    image, out = _activation(graph, op)
    if out.dtype == INT16:
        need(
            float(out.q.scale) == 1 / 32768,
            f"writes with scale {float(out.q.scale):.6g}; the reference takes {1 / 32768:.6g}",
        )
        need(
            float(image.q.scale) < _LARGEST_LOGISTIC_SCALE,
            f"reads with scale {float(image.q.scale):.3g}, which overflows the reference's table index",
        )


def check_extreme(graph: Graph, op: Op) -> None:
    """MINIMUM and MAXIMUM compare the integers as they are."""
    a, b, out = _pair(graph, op)
    same_quantization(a, out)
    same_quantization(b, out)


def check_logistic(graph: Graph, op: Op) -> None:
    image, out = _activation(graph, op)
    wanted = 1 / 32768 if out.dtype == INT16 else 1 / 256
    need(
        float(out.q.scale) == wanted,
        f"writes with scale {float(out.q.scale):.6g}; the reference takes {wanted:.6g}",
    )
    need(
        out.dtype == INT8 or float(image.q.scale) < _LARGEST_LOGISTIC_SCALE,
        f"reads with scale {float(image.q.scale):.3g}, which overflows the reference's table index",
    )


def _rescaled(image: Tensor, out: Tensor) -> None:
    with np.errstate(over="ignore"):
        multiplier(ratio32(image, out))


def _int8(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output of an operator that is supported for int8 alone."""
    image, out = _activation(graph, op)
    need(image.dtype == INT8, f"has the type {image.dtype}; int8 is needed", "quantize the model to int8")
    return image, out


def _activation(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    image, out = unary(graph, op)
    activations(image, out)
    return image, out


def _pair(graph: Graph, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    arity(op, 2, 2)
    a, b, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    activations(a, b, out)
    fused_range(op.activation, out)
    _broadcast(a, b, out)
    return a, b, out


def _broadcast(a: Tensor, b: Tensor, out: Tensor) -> None:
    try:
        wanted = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        wanted = None
    need(wanted is not None, f"cannot combine shapes {a.shape} and {b.shape}")
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its inputs")


def _power_of_two(tensor: Tensor) -> bool:
    log = math.log2(float(tensor.q.scale))
    return abs(log - round(log)) < 2e-3
