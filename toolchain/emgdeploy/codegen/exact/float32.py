"""QUANTIZE and DEQUANTIZE between float32 and integers, as the reference computes them.

Source: internal/reference/quantize.h and integer_ops/dequantize.h of google-ai-edge/LiteRT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Far outside every integer range and inside int64; the reference's own cast is undefined there.
_LARGEST = np.float32(1e6)
_HALF = np.float32(0.5)


def round_half_away(x: NDArray[np.float32]) -> NDArray[np.int64]:
    """C's roundf, without the second rounding that adding a half would bring."""
    whole = np.trunc(x)
    return np.asarray(whole + np.sign(x) * (np.abs(x - whole) >= _HALF), np.int64)


def quantize(values: NDArray[Any], scale: float, zero_point: int, dtype: str) -> NDArray[np.int64]:
    """clamp(round_half_away(float32(x) / float32(scale)) + zero_point) to the integer type."""
    with np.errstate(over="ignore"):
        scaled = np.asarray(values, np.float32) / np.float32(scale)
    limits = np.iinfo(np.dtype(dtype))
    steps = round_half_away(np.clip(scaled, -_LARGEST, _LARGEST)) + zero_point
    return np.asarray(np.clip(steps, limits.min, limits.max), np.int64)


def dequantize(values: NDArray[Any], scale: float, zero_point: int) -> NDArray[np.float32]:
    """float32(scale * (q - zero_point)); the product is exact before its one rounding."""
    return (float(np.float32(scale)) * (values.astype(np.int64) - zero_point)).astype(np.float32)
