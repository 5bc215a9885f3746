"""Element-by-element operators of one computed operand, evaluated on given values.

The reference computes each output from one input value, so an int8 operator is a table of 256
entries. Everything here is TFLite's own arithmetic, float32 where it uses float.
Sources: kernels/activations.cc, quantize.cc, dequantize.h, internal/common.h (LUTPopulate) and
internal/reference of google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.binary import (
    add_values,
    mul_values,
    prelu_values,
    squared_difference_values,
    sub_values,
)
from emgdeploy.codegen.exact.fixedpoint import Ints, requantize
from emgdeploy.codegen.exact.float32 import dequantize, quantize, round_half_away
from emgdeploy.codegen.exact.hard_swish import hard_swish
from emgdeploy.codegen.exact.libm import each
from emgdeploy.graph.numerics import Multiplier, activation_range, quantize_multiplier, ratio32, type_range
from emgdeploy.graph.operators.activation import (
    ABS,
    EXP,
    GELU,
    HARD_SWISH,
    LEAKY_RELU,
    LOGISTIC,
    RELU,
    RELU6,
    RELU_0_TO_1,
    RELU_N1_TO_1,
    TANH,
    relu_range,
)
from emgdeploy.graph.operators.conversion import DEQUANTIZE, QUANTIZE
from emgdeploy.graph.operators.function import LOOKUP
from emgdeploy.graph.operators.pairs import ADD, MAXIMUM, MINIMUM, MUL, PRELU, SQUARED_DIFFERENCE, SUB
from emgdeploy.graph.types import Graph, Op, Operator, Tensor
from emgdeploy.graph.unary import only_operand

Values = NDArray[Any]


def evaluate(graph: Graph, op: Op, values: Values) -> Values:
    """The operator's outputs for quantized (or float32) input `values`, as int64 (or float32)."""
    image = only_operand(graph, op)
    if image is None:
        raise LookupError(f"operator {op.index} ({op.kind.name}) has more than one computed operand")
    if op.kind in _UNARY:
        return _UNARY[op.kind](op, image, graph.out(op), values)
    return _with_constant(graph, op, values)


def identity_multiplier(image: Tensor, out: Tensor) -> Multiplier:
    """input scale / output scale, divided in float32 as the activations' preparation does."""
    return quantize_multiplier(ratio32(image, out))


def leaky_multiplier(op: Op, image: Tensor, out: Tensor) -> tuple[Multiplier, int]:
    """The multiplier of negative inputs and its sign; float32 throughout."""
    alpha = float(image.q.scale * np.float32(op.alpha) / out.q.scale)
    return quantize_multiplier(abs(alpha)), -1 if alpha < 0 else 1


def _clamped(q: Ints, low: int, high: int) -> Ints:
    return np.asarray(np.clip(q, low, high), np.int64)


def _requantize(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    if image.dtype.kind == "f":
        return quantize(values, float(out.q.scale), out.q.zero_point, str(out.dtype))
    m = quantize_multiplier(float(image.q.scale) / float(out.q.scale))
    q = requantize(values - image.q.zero_point, m) + out.q.zero_point
    return _clamped(q, *type_range(out.dtype))


def _dequantize(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    return dequantize(values, float(image.q.scale), image.q.zero_point)


def _relu(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    q = requantize(values - image.q.zero_point, identity_multiplier(image, out)) + out.q.zero_point
    return _clamped(q, *relu_range(op, out))


def _leaky_relu(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    x = values - image.q.zero_point
    alpha, sign = leaky_multiplier(op, image, out)
    scaled = np.where(x >= 0, requantize(x, identity_multiplier(image, out)), sign * requantize(x, alpha))
    return _clamped(scaled + out.q.zero_point, *type_range(out.dtype))


def _logistic(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    one = np.float32(1)

    def function(real: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(one / (one + each("expf", -real)), np.float32)

    return _tabled(image, out, values, function)


def _abs(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    q = requantize(np.abs(values - image.q.zero_point), identity_multiplier(image, out)) + out.q.zero_point
    return _clamped(q, *type_range(out.dtype))


def _exp(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    return _tabled(image, out, values, lambda real: each("expf", real))


def _gelu(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    half, one = np.float32(0.5), np.float32(1)

    def exact(x: NDArray[np.float32]) -> NDArray[np.float32]:
        erfc = each("erfcf", x * np.float32(-math.sqrt(0.5)))
        return np.asarray(half * x * erfc, np.float32)

    def approximate(x: NDArray[np.float32]) -> NDArray[np.float32]:
        cubic = x + np.float32(0.044715) * x * x * x
        tanh = each("tanhf", np.float32(math.sqrt(2 / math.pi)) * cubic)
        return np.asarray(half * x * (one + tanh), np.float32)

    with np.errstate(over="ignore", invalid="ignore"):
        return _tabled(image, out, values, approximate if op.approximate else exact)


def _tanh(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    return _tabled(image, out, values, lambda real: each("tanhf", real))


def _tabled(
    image: Tensor, out: Tensor, values: Values, function: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> Values:
    """The reference's own table of 256: a float32 function between dequantizing and quantizing."""
    inverse_scale = np.float32(1) / out.q.scale
    real = image.q.scale * (values - image.q.zero_point).astype(np.float32)
    q = round_half_away(function(real) * inverse_scale) + out.q.zero_point
    return _clamped(q, *type_range(out.dtype))


def _hard_swish(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    return hard_swish(image, out, values)


def _with_constant(graph: Graph, op: Op, values: Values) -> Values:
    a, b = (graph.tensors[i] for i in op.inputs)
    variable, constant = (b, a) if a.constant else (a, b)
    fixed = np.asarray(constant.data, np.int64).reshape(())
    if op.kind is PRELU:
        return prelu_values(variable, constant, graph.out(op), values, fixed)
    low, high = activation_range(op.activation, graph.out(op))
    x, y = (fixed, values) if a.constant else (values, fixed)
    return _clamped(_COMBINED[op.kind](a, b, graph.out(op), x, y), low, high)


_COMBINED: dict[Operator, Callable[[Tensor, Tensor, Tensor, Ints, Ints], Ints]] = {
    ADD: add_values,
    MAXIMUM: lambda a, b, out, x, y: np.maximum(x, y),
    MINIMUM: lambda a, b, out, x, y: np.minimum(x, y),
    MUL: mul_values,
    SQUARED_DIFFERENCE: squared_difference_values,
    SUB: sub_values,
}


_UNARY: dict[Operator, Callable[[Op, Tensor, Tensor, Values], Values]] = {
    ABS: _abs,
    DEQUANTIZE: _dequantize,
    EXP: _exp,
    GELU: _gelu,
    HARD_SWISH: _hard_swish,
    LEAKY_RELU: _leaky_relu,
    LOGISTIC: _logistic,
    LOOKUP: lambda op, image, out, values: np.asarray(op.table, np.int64)[values + 128],
    QUANTIZE: _requantize,
    RELU: _relu,
    RELU6: _relu,
    RELU_0_TO_1: _relu,
    RELU_N1_TO_1: _relu,
    TANH: _tanh,
}
