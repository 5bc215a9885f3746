"""Fixed-point arithmetic of TFLite's reference kernels on arrays of int64.

Every function returns what the 32-bit original returns, wrap-around included.
Sources: fixedpoint/fixedpoint.h of google/gemmlowp, kernels/internal/common.cc of
google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.numerics import Multiplier

Ints = NDArray[np.int64]

ONE = 2**31 - 1
# exp_on_negative_values takes Q5.26 and multiplies one factor per set bit of its argument.
_FRACTION_BITS = 26
_QUARTER = 1 << (_FRACTION_BITS - 2)


def wrap32(x: Ints) -> Ints:
    """The low 32 bits as a signed number."""
    return np.asarray(((x + 2**31) & (2**32 - 1)) - 2**31, np.int64)


def high_mul(a: Ints, b: Ints | int) -> Ints:
    """round(a * b / 2**31), ties toward plus infinity; a and b not both -2**31."""
    return np.asarray((a * b + 2**30) >> 31, np.int64)


def rounding_shift(x: Ints, shift: int | Ints) -> Ints:
    """round(x / 2**shift), ties away from zero."""
    mask = np.left_shift(1, shift) - 1
    return np.asarray((x >> shift) + ((x & mask) > (mask >> 1) + (x < 0)), np.int64)


def requantize(acc: Ints, m: Multiplier) -> Ints:
    """acc * multiplier, rounded twice, as layers with a 32-bit accumulator do it."""
    if m.shift > 0:
        return high_mul(wrap32(acc << m.shift), m.mantissa)
    return rounding_shift(high_mul(acc, m.mantissa), -m.shift)


def requantize_each(acc: Ints, mantissas: Ints, shifts: Ints) -> Ints:
    """The same with a multiplier for each place along the last axis."""
    left = wrap32(acc << np.maximum(shifts, 0))
    return rounding_shift(high_mul(left, mantissas), np.maximum(-shifts, 0))


def exp_of_negative(x: Ints) -> Ints:
    """exp of Q5.26 numbers x <= 0, in Q0.31."""
    below_quarter = (x & (_QUARTER - 1)) - _QUARTER
    result = _exp_near_an_eighth(below_quarter << 5)
    remainder = below_quarter - x
    for exponent in range(-2, 5):
        factor = math.floor(math.exp(-(2.0**exponent)) * 2**31 + 0.5)
        bit = 1 << (_FRACTION_BITS + exponent)
        result = np.where(remainder & bit, high_mul(result, factor), result)
    return np.where(x == 0, ONE, result)


def _exp_near_an_eighth(a: Ints) -> Ints:
    """exp of Q0.31 numbers in [-1/4, 0): four terms of the series around -1/8."""
    x = a + (1 << 28)
    x2 = high_mul(x, x)
    x3 = high_mul(x2, x)
    x4 = high_mul(x2, x2)
    third = math.floor(2**31 / 3 + 0.5)
    tail = rounding_shift(high_mul(rounding_shift(x4, 2) + x3, third) + x2, 1)
    middle = math.floor(math.exp(-0.125) * 2**31 + 0.5)
    return middle + high_mul(x + tail, middle)


def reduced_multiplier(mantissa: int) -> int:
    """A 31-bit mantissa cut to the 15 bits that 64-bit accumulators are multiplied by."""
    return (mantissa + (1 << 15)) >> 16 if mantissa < 0x7FFF0000 else 0x7FFF
