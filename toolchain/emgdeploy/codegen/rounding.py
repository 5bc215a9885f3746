"""Integer multipliers that reproduce TFLite's floating-point requantization of dense layers.

Since 2025 the reference FULLY_CONNECTED computes round(double(acc) * scale), ties away from zero.
A microcontroller has no double. But the output takes few values, so the reference is a staircase
over the accumulator with at most 255 (or 65,535) steps. An integer form that climbs at exactly
the same accumulators is the same function, and the compiler can check every one of them.
Source: reference/integer_ops/fully_connected.h of google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.numerics import Multiplier

_NEIGHBOURS = (0, 1, -1, 2, -2, 3, -3)


def round_half_away(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """C's round() of doubles below 2**53 in magnitude."""
    whole = np.trunc(x)
    return np.asarray(whole + np.sign(x) * (np.abs(x - whole) >= 0.5), np.int64)


def single_rounding(scale: float, bound: int, low: int, high: int) -> Multiplier | None:
    """A Multiplier with (acc * mantissa + half) >> (31 - shift) == round(double(acc) * scale).

    Equal for every accumulator of magnitude up to `bound` (below 2**31) once both sides are
    clamped to [low, high]. None when no mantissa of 31 bits does it.
    """
    fraction, exponent = math.frexp(scale)
    total = 31 - exponent
    if not 1 <= total <= 62:
        return None
    steps = _stairs(scale, bound, low, high)
    nearest = round(fraction * 2**31)
    for mantissa in (nearest + d for d in _NEIGHBOURS):
        if 0 < mantissa < 2**31 and _climbs_at(steps, mantissa, total):
            return Multiplier(mantissa, exponent)
    return None


def _stairs(scale: float, bound: int, low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each value above `low`, and the least accumulator whose reference output reaches it."""
    value = np.arange(low + 1, high + 1, dtype=np.int64)
    guess = np.ceil((value - 0.5) / scale)
    near = np.abs(guess) <= bound + 1
    value, guess = value[near], guess[near].astype(np.int64)
    first = guess + 2
    for step in (1, 0, -1, -2):
        reaches = round_half_away((guess + step).astype(np.float64) * scale) >= value
        first = np.where(reaches, guess + step, first)
    return value, first


def _climbs_at(steps: tuple[NDArray[np.int64], NDArray[np.int64]], mantissa: int, total: int) -> bool:
    value, first = steps
    half = np.int64(1 << (total - 1))
    at = (first * mantissa + half) >> total
    before = ((first - 1) * mantissa + half) >> total
    return bool(np.all(at >= value) and np.all(before < value))
