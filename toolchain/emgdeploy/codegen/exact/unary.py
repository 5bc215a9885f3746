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

from emgdeploy.codegen.exact.binary import add_values, mul_values, prelu_values
from emgdeploy.codegen.exact.fixedpoint import Ints, requantize
from emgdeploy.codegen.exact.float32 import dequantize, quantize, round_half_away
from emgdeploy.graph.numerics import (
    Multiplier,
    activation_range,
    quantize_multiplier,
    ratio32,
    type_range,
)
from emgdeploy.graph.types import Activation, Graph, Op, OpKind, Tensor
from emgdeploy.graph.unary import only_operand

Values = NDArray[Any]


def evaluate(graph: Graph, op: Op, values: Values) -> Values:
    """The operator's outputs for quantized (or float32) input `values`, as int64 (or float32)."""
    image = only_operand(graph, op)
    if image is None:
        raise LookupError(f"operator {op.index} ({op.kind.value}) has more than one computed operand")
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
    activation = Activation.RELU6 if op.kind is OpKind.RELU6 else Activation.RELU
    q = requantize(values - image.q.zero_point, identity_multiplier(image, out)) + out.q.zero_point
    return _clamped(q, *activation_range(activation, out))


def _leaky_relu(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    x = values - image.q.zero_point
    alpha, sign = leaky_multiplier(op, image, out)
    scaled = np.where(x >= 0, requantize(x, identity_multiplier(image, out)), sign * requantize(x, alpha))
    return _clamped(scaled + out.q.zero_point, *type_range(out.dtype))


def _logistic(op: Op, image: Tensor, out: Tensor, values: Values) -> Values:
    one = np.float32(1)
    inverse_scale = one / out.q.scale
    real = image.q.scale * (values - image.q.zero_point).astype(np.float32)
    # C's expf is double arithmetic rounded once, which numpy's vectorised one is not.
    exp = np.array([_exp32(-float(x)) for x in real.reshape(-1)], np.float32).reshape(real.shape)
    q = round_half_away((one / (one + exp)) * inverse_scale) + out.q.zero_point
    return _clamped(q, *type_range(out.dtype))


def _exp32(x: float) -> np.float32:
    # exp(88.8) is beyond float32.
    return np.float32(math.exp(x)) if x < 88.7 else np.float32(np.inf)


def _with_constant(graph: Graph, op: Op, values: Values) -> Values:
    a, b = (graph.tensors[i] for i in op.inputs)
    variable, constant = (b, a) if a.constant else (a, b)
    fixed = np.asarray(constant.data, np.int64).reshape(())
    if op.kind is OpKind.PRELU:
        return prelu_values(variable, constant, graph.out(op), values, fixed)
    combine = add_values if op.kind is OpKind.ADD else mul_values
    low, high = activation_range(op.activation, graph.out(op))
    # Both are symmetric in their operands, down to the last bit.
    return _clamped(combine(variable, constant, graph.out(op), values, fixed), low, high)


_UNARY: dict[OpKind, Callable[[Op, Tensor, Tensor, Values], Values]] = {
    OpKind.DEQUANTIZE: _dequantize,
    OpKind.LEAKY_RELU: _leaky_relu,
    OpKind.LOGISTIC: _logistic,
    OpKind.QUANTIZE: _requantize,
    OpKind.RELU: _relu,
    OpKind.RELU6: _relu,
}
