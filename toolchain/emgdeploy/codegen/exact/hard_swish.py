"""HARD_SWISH of int8: x * relu6(x + 3) / 6 in 16-bit fixed point, as the reference computes it.

Sources: HardSwishPrepare in kernels/activations.cc, internal/reference/hard_swish.h and
internal/common.h of google-ai-edge/LiteRT.
"""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.exact.fixedpoint import Ints, rounding_shift
from emgdeploy.graph.numerics import hard_swish_ratios, quantize_multiplier
from emgdeploy.graph.types import Tensor

_LOW, _HIGH = -(2**15), 2**15 - 1
_HIRES_BITS = 7


def hard_swish(image: Tensor, out: Tensor, values: Ints) -> Ints:
    """Outputs for quantized inputs, clamped to int8."""
    to_output, to_relu = (_short_multiplier(float(r)) for r in hard_swish_ratios(image, out))
    hires = (values - image.q.zero_point) << _HIRES_BITS
    factor = (_relu_part(hires, *to_relu) + 2**15) >> 1
    product = factor * _high_mul(hires, to_output[0])
    # This one product is cut off toward 0, not rounded.
    high = np.sign(product) * (np.abs(product) >> 15)
    return np.clip(rounding_shift(high, -to_output[1]) + out.q.zero_point, -128, 127)


def _relu_part(hires: Ints, mantissa: int, exponent: int) -> Ints:
    """The input as a fraction of 3, saturated: the last bit goes up after the multiplication."""
    if exponent <= 0:
        return rounding_shift(_high_mul(hires, mantissa), -exponent)
    return _up(_high_mul(_up(hires, exponent - 1), mantissa), 1)


def _up(x: Ints, bits: int) -> Ints:
    return np.asarray(np.clip(x << bits, _LOW, _HIGH), np.int64)


def _high_mul(x: Ints, mantissa: int) -> Ints:
    """round(x * mantissa / 2**15), ties toward plus infinity."""
    return np.asarray((x * mantissa + 2**14) >> 15, np.int64)


def _short_multiplier(value: float) -> tuple[int, int]:
    """A multiplier of 15 bits and its power of two."""
    m = quantize_multiplier(value)
    return min((m.mantissa + 2**15) >> 16, _HIGH), m.shift
