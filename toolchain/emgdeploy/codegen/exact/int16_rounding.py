"""Integer multipliers that reproduce the reference's double arithmetic where 31 bits cannot.

That is for 16-bit dense layers, and for int8 ones of a very small scale. As codegen/rounding.py
tells, the reference computes round(double(acc) * scale), ties away
from zero, here for accumulators of up to 43 bits and 65,535 outputs. A multiplier of 54 bits holds
the scale exactly; what may still differ is the rounding of the product to a double. The compiler
looks at every accumulator where the output climbs.
Source: reference/integer_ops/fully_connected.h of google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.rounding import round_half_away

_LIMB = 18
_BITS = 3 * _LIMB
_LARGEST = 2**43
_NEIGHBOURS = (0, 1, -1, 2, -2)


@dataclass(frozen=True)
class WideMultiplier:
    """round(x * sum(limb[i] << 18 i) / 2**(36 + shift)) for magnitudes x up to 2**43."""

    limbs: tuple[int, int, int]
    shift: int


def wide_multiplier(scale: float, bound: int, top: int = 2**15) -> WideMultiplier | None:
    """The multiplier for accumulators up to `bound` in magnitude; None when there is none.

    Outputs beyond `top` in magnitude need only stay beyond it.
    """
    if bound >= _LARGEST and _LARGEST * scale < top + 1:
        return None
    fraction, exponent = math.frexp(scale)
    shift = _BITS - exponent - 2 * _LIMB
    if shift > 62:
        return WideMultiplier((0, 0, 0), 1) if bound * scale < 0.49 else None
    value, first = _stairs(scale, min(bound, _LARGEST), top)
    for mantissa in (round(fraction * 2.0**_BITS) + d for d in _NEIGHBOURS):
        m = WideMultiplier((mantissa & 0x3FFFF, mantissa >> _LIMB & 0x3FFFF, mantissa >> 2 * _LIMB), shift)
        if np.all(scaled(first, m) >= value) and np.all(scaled(first - 1, m) < value):
            return m
    return None


def scaled(x: NDArray[np.int64], m: WideMultiplier) -> NDArray[np.int64]:
    """What the kernel computes for magnitudes x, in the same steps."""
    lowest = (x * m.limbs[0]) >> _LIMB
    middle = (x * m.limbs[1] + lowest) >> _LIMB
    return np.asarray((x * m.limbs[2] + middle + (1 << (m.shift - 1))) >> m.shift, np.int64)


def _stairs(scale: float, bound: int, top: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each output from 1 up, and the least accumulator whose reference output reaches it."""
    value = np.arange(1, top + 1, dtype=np.int64)
    guess = np.ceil((value - 0.5) / scale)
    near = guess <= bound + 1
    value, guess = value[near], guess[near].astype(np.int64)
    first = guess + 2
    for step in (1, 0, -1, -2):
        reaches = round_half_away((guess + step).astype(np.float64) * scale) >= value
        first = np.where(reaches, guess + step, first)
    return value, np.maximum(first, 1)
