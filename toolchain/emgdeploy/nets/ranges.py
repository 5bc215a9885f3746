"""The range of real numbers that an int8 tensor can hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOWEST, HIGHEST = -128, 127
_SIGNIFICANT_BITS = 16
# A tensor that never moves still needs a scale.
_NARROWEST = 1e-6
_HALF_A_STEP = 0.5 + 1 / 64


@dataclass(frozen=True)
class Range:
    """int8 `q` stands for (q - zero_point) * scale. Made by `covering` or `with_scale`.

    The scale has 16 significant bits. So `low` and `high` are exact in float32, and whoever gets the scale
    back from them (as TFLite's converter does) gets this very one.
    """

    scale: float
    zero_point: int

    @property
    def low(self) -> float:
        return (LOWEST - self.zero_point) * self.scale

    @property
    def high(self) -> float:
        return (HIGHEST - self.zero_point) * self.scale

    def stays_above(self, bound: float) -> bool:
        """Whether no step lies below `bound` by more than rounding explains."""
        return self.low >= bound - _HALF_A_STEP * self.scale

    def stays_below(self, bound: float) -> bool:
        """Whether no step lies above `bound` by more than rounding explains."""
        return self.high <= bound + _HALF_A_STEP * self.scale


def covering(low: float, high: float) -> Range:
    """The range that holds `low` to `high`, and 0 exactly: padding and ReLU need it."""
    low, high = min(low, 0.0), max(high, 0.0)
    found = with_scale(max(high - low, _NARROWEST) / (HIGHEST - LOWEST), 0)
    zero_point = round(LOWEST - low / found.scale)
    return Range(found.scale, min(max(zero_point, LOWEST), HIGHEST))


def with_scale(scale: float, zero_point: int) -> Range:
    """The range with the scale next to `scale` that has 16 significant bits."""
    mantissa, exponent = math.frexp(scale)
    steps = 1 << _SIGNIFICANT_BITS
    return Range(math.ldexp(round(mantissa * steps) / steps, exponent), zero_point)
