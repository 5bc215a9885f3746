"""Tables of 513 points that the reference's int16 functions interpolate between.

Source: LUTPopulateInt16 in internal/common.h of google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_STEPS = 512
_LOW, _HIGH = -32768, 32767


def points(
    in_scale: float, in_zero_point: int, out_scale: float, function: Callable[[float], float]
) -> NDArray[np.int16]:
    """(513,) values of `function` over int16, each nudged by half of its interval's middle error."""
    first, last = (in_scale * (end - in_zero_point) for end in (_LOW, _HIGH))
    step = (last - first) / _STEPS
    unit = (_HIGH - _LOW + 1) / (out_scale * _HIGH - out_scale * _LOW)
    table = [
        _point(function, first + i * step, first + (i + 1) * step, step / 2, unit) for i in range(_STEPS)
    ]
    table.append(_round(function(last) * unit))
    return np.asarray(np.clip(table, _LOW, _HIGH), np.int16)


def _point(function: Callable[[float], float], at: float, after: float, half: float, unit: float) -> float:
    value = _round(function(at) * unit)
    between = _round((function(after) * unit + value) / 2)
    error = between - _round(function(at + half) * unit)
    return value - _round(error / 2)


def _round(x: float) -> float:
    """Half away from zero."""
    return math.copysign(math.floor(abs(x) + 0.5), x)
