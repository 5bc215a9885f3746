"""ADD, MUL and PRELU of two quantized operands: multipliers, and values before clamping.

Sources: kernels/add.cc, mul.cc, activations.cc and internal/reference of google-ai-edge/LiteRT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emgdeploy.codegen.exact.fixedpoint import Ints, requantize
from emgdeploy.graph.numerics import (
    Multiplier,
    quantize_multiplier,
    ratio32,
    squared_difference_ratio,
    type_range,
)
from emgdeploy.graph.types import Tensor


@dataclass(frozen=True)
class AddForm:
    """Both operands go up by `left_shift` bits, to a common scale, and their sum to the output's."""

    left_shift: int
    a: Multiplier
    b: Multiplier
    out: Multiplier


def add_form(a: Tensor, b: Tensor, out: Tensor) -> AddForm:
    """ADD's three multipliers, in TFLite's mixture of float32 and double."""
    left_shift = 15 if out.dtype == np.int16 else 20
    twice_largest = float(np.float32(2) * max(a.q.scale, b.q.scale))
    headroom = float(np.float32(1 << left_shift) * out.q.scale)
    return AddForm(
        left_shift,
        quantize_multiplier(float(a.q.scale) / twice_largest),
        quantize_multiplier(float(b.q.scale) / twice_largest),
        quantize_multiplier(twice_largest / headroom),
    )


def add_values(a: Tensor, b: Tensor, out: Tensor, x: Ints, y: Ints) -> Ints:
    """Unclamped outputs of ADD for quantized operands x of a and y of b."""
    form = add_form(a, b, out)
    left, right = _in_common(a, b, form, x, y)
    return requantize(left + right, form.out) + out.q.zero_point


def sub_values(a: Tensor, b: Tensor, out: Tensor, x: Ints, y: Ints) -> Ints:
    """The same of SUB, which has ADD's form."""
    form = add_form(a, b, out)
    left, right = _in_common(a, b, form, x, y)
    return requantize(left - right, form.out) + out.q.zero_point


def _in_common(a: Tensor, b: Tensor, form: AddForm, x: Ints, y: Ints) -> tuple[Ints, Ints]:
    return (
        requantize((x - a.q.zero_point) << form.left_shift, form.a),
        requantize((y - b.q.zero_point) << form.left_shift, form.b),
    )


def squared_difference_form(a: Tensor, b: Tensor, out: Tensor) -> AddForm:
    """SQUARED_DIFFERENCE's three multipliers.

    Source: kernels/squared_difference.cc of tensorflow/tensorflow.
    """
    twice_largest = float(np.float32(2) * max(a.q.scale, b.q.scale))
    return AddForm(
        7,
        quantize_multiplier(float(a.q.scale) / twice_largest),
        quantize_multiplier(float(b.q.scale) / twice_largest),
        quantize_multiplier(squared_difference_ratio(a, b, out)),
    )


def squared_difference_values(a: Tensor, b: Tensor, out: Tensor, x: Ints, y: Ints) -> Ints:
    """Unclamped outputs of SQUARED_DIFFERENCE for quantized operands x of a and y of b."""
    form = squared_difference_form(a, b, out)
    left, right = _in_common(a, b, form, x, y)
    return requantize((left - right) ** 2, form.out) + out.q.zero_point


def mul_multiplier(a: Tensor, b: Tensor, out: Tensor) -> Multiplier:
    """MUL's multiplier: the product and quotient of scales are float32."""
    return quantize_multiplier(float(a.q.scale * b.q.scale / out.q.scale))


def mul_values(a: Tensor, b: Tensor, out: Tensor, x: Ints, y: Ints) -> Ints:
    """Unclamped outputs of MUL for quantized operands x of a and y of b."""
    product = (x - a.q.zero_point) * (y - b.q.zero_point)
    return requantize(product, mul_multiplier(a, b, out)) + out.q.zero_point


def prelu_multipliers(image: Tensor, alpha: Tensor, out: Tensor) -> tuple[Multiplier, Multiplier]:
    """For inputs of at least the zero point, and for those below it."""
    return quantize_multiplier(ratio32(image, out)), mul_multiplier(image, alpha, out)


def prelu_values(image: Tensor, alpha: Tensor, out: Tensor, x: Ints, slope: Ints) -> Ints:
    """Outputs of PRELU for quantized inputs x and slopes."""
    positive, negative = prelu_multipliers(image, alpha, out)
    centred = x - image.q.zero_point
    below = requantize(centred * (slope - alpha.q.zero_point), negative)
    q = np.where(centred >= 0, requantize(centred, positive), below) + out.q.zero_point
    return np.asarray(np.clip(q, *type_range(out.dtype)), np.int64)
