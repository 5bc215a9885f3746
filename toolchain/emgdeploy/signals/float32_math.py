"""Single-precision arithmetic in the order that firmware uses, so that both get the same bits.

NumPy and SciPy give no promise about the order of a sum or the last bit of a logarithm; these do. Each
function is the twin of C code in `firmware_templates/runtime/live`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Single = NDArray[np.float32]

# P and the two parts of ln 2 in ln(1 + f) = f - f**2 / 2 + f**3 P(f), of the Cephes library's logf (S. L. Moshier).
_POLYNOMIAL = np.array(
    [
        *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
        *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
    ],
    np.float32,
)
_LN2_LOW, _LN2_HIGH = np.float32(-2.12194440e-4), np.float32(0.693359375)
_ROOT_HALF = np.float32(0.70710678)
_SMALLEST, _LARGEST = np.finfo(np.float32).tiny, np.finfo(np.float32).max


def logarithm(x: Single) -> Single:
    """Natural logarithm of float32 numbers, within 1 unit in the last place or so.

    What is no positive, normal number counts as the nearest that is; what is no number at all, as the smallest.
    """
    x = np.where(x >= _SMALLEST, np.minimum(x, _LARGEST), _SMALLEST)
    mantissa, exponent = np.frexp(x)
    small = mantissa < _ROOT_HALF
    f = np.where(small, mantissa + mantissa, mantissa) - np.float32(1)
    power = (exponent - small).astype(np.float32)
    square = f * f
    total = np.full_like(f, _POLYNOMIAL[0])
    for coefficient in _POLYNOMIAL[1:]:
        total = total * f + coefficient
    total = total * f * square
    total += power * _LN2_LOW
    total -= np.float32(0.5) * square
    result: Single = f + total + power * _LN2_HIGH
    return result


def sum_in_order(values: Single, axis: int) -> Single:
    """The sum along `axis`, first to last, starting from zero."""
    total: Single = np.zeros(np.delete(values.shape, axis), np.float32)
    for part in np.moveaxis(values, axis, 0):
        total += part
    return total


def standardise(rows: Single) -> Single:
    """(N, K): each row less its mean, divided by its deviation unless that is next to nothing."""
    count = np.float32(rows.shape[1])
    centred = rows - (sum_in_order(rows, 1) / count)[:, None]
    deviation = np.sqrt(sum_in_order(centred * centred, 1) / count)[:, None]
    return np.where(
        deviation > np.float32(1e-12), centred / np.maximum(deviation, np.float32(1e-12)), centred
    )
