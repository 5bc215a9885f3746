"""TFLite's arithmetic of scales, in the exact float types that its kernels' preparation uses.

Source: tflite/kernels/internal/quantization_util.cc and kernel_util.cc of google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.types import Activation, Tensor


@dataclass(frozen=True)
class Multiplier:
    """value = mantissa * 2**(shift - 31), with mantissa in [2**30, 2**31) or 0."""

    mantissa: int
    shift: int


def quantize_multiplier(value: float) -> Multiplier:
    """A positive double as a 31-bit mantissa and a power of two, rounded half away from zero."""
    if value == 0.0:
        return Multiplier(0, 0)
    fraction, shift = math.frexp(value)
    mantissa = math.floor(fraction * 2**31 + 0.5)
    if mantissa == 2**31:
        mantissa, shift = 2**30, shift + 1
    return Multiplier(mantissa, shift) if shift >= -31 else Multiplier(0, 0)


def ratio32(image: Tensor, out: Tensor) -> float:
    """input scale / output scale, divided in float32 as the activations' preparation does."""
    return float(image.q.scale / out.q.scale)


def squared_difference_ratio(a: Tensor, b: Tensor, out: Tensor) -> float:
    """From the square of 7 bits finer differences, in twice the larger scale, to the output's scale."""
    twice_largest = float(np.float32(2) * max(a.q.scale, b.q.scale))
    with np.errstate(over="ignore"):
        return twice_largest * twice_largest / float(np.float32(1 << 14) * out.q.scale)


def convolution_multipliers(image: Tensor, weights: Tensor, out: Tensor, channels: int) -> list[Multiplier]:
    """One multiplier per output channel: input scale * filter scale / output scale, in double."""
    scales = np.broadcast_to(weights.q.scales, channels)
    return [quantize_multiplier(float(image.q.scale) * float(s) / float(out.q.scale)) for s in scales]


def dense_scales(image: Tensor, weights: Tensor, out: Tensor, units: int) -> list[float]:
    """One real scale per unit: input scale * filter scale / output scale, in double."""
    scales = np.broadcast_to(weights.q.scales, units)
    return [float(image.q.scale) * float(s) / float(out.q.scale) for s in scales]


def hard_swish_ratios(image: Tensor, out: Tensor) -> tuple[np.float32, np.float32]:
    """From HARD_SWISH's input, 7 bits finer, to its output, and to steps of 3 / 32768; float32."""
    hires = np.float32(1 / 128) * image.q.scale
    with np.errstate(over="ignore"):
        return np.float32(hires / out.q.scale), np.float32(hires / np.float32(3 / 32768))


def other_sign(values: NDArray[Any]) -> NDArray[Any]:
    """uint8 as int8 and int8 as uint8: the same numbers, counted from zero points 128 apart."""
    other = np.int8 if values.dtype == np.uint8 else np.uint8
    flipped: NDArray[Any] = (np.ascontiguousarray(values).view(np.uint8) ^ 0x80).view(other)
    return flipped


def type_range(dtype: np.dtype[np.generic]) -> tuple[int, int]:
    """The least and the greatest value of int8 or int16."""
    bits = 8 * dtype.itemsize
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def activation_range(activation: Activation, out: Tensor) -> tuple[int, int]:
    """The quantized range that the fused activation leaves, within the output's type."""
    low, high = type_range(out.dtype)
    if activation is Activation.RELU:
        low = max(low, quantized(out, 0.0))
    elif activation is Activation.RELU6:
        low, high = max(low, quantized(out, 0.0)), min(high, quantized(out, 6.0))
    elif activation is Activation.RELU_N1_TO_1:
        low, high = max(low, quantized(out, -1.0)), min(high, quantized(out, 1.0))
    return low, high


def quantized(tensor: Tensor, real: float) -> int:
    """The integer nearest to a real number, of whatever size."""
    ratio = float(np.float32(real) / tensor.q.scale)
    return tensor.q.zero_point + round_half_away(ratio)


def round_half_away(value: float) -> int:
    """To the nearest integer, ties away from zero (C's round)."""
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)
