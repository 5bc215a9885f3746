"""Float windows into the integers of a device's input buffer, and integers back into logits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.graph.numerics import other_sign

# Farther from 0 than any integer of a tensor.
_FAR = 2.0**62


def to_device_layout(x: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
    """(N, *window shape) -> (N, *device shape): `axes` permutes the axes of one window (no batch)."""
    if x.ndim != len(axes) + 1:
        raise InputError(
            f"windows have shape {x.shape[1:]}, the model takes {len(axes)} axes",
            "make the windows with the preprocessing of this model",
        )
    return np.ascontiguousarray(x.transpose(0, *(axis + 1 for axis in axes)))


def quantize_windows(
    x_float: NDArray[Any],
    scale: float,
    zero_point: int,
    dtype: np.dtype[Any],
    axes: tuple[int, ...],
) -> NDArray[Any]:
    """clamp(round_half_away(float32(x) / float32(scale)) + zero_point), equal to TFLite's QUANTIZE
    (whose own integers overflow where the quotient does not fit int32; here it clamps).

    x_float: (N, *window shape), finite; result: (N, *device shape) of `dtype`. A float32 `dtype`
    passes the numbers on. Raises InputError for values that are not finite.
    """
    with np.errstate(over="ignore"):  # what no float32 holds becomes infinite, and is refused
        x = to_device_layout(np.asarray(x_float, np.float32), axes)
    if not bool(np.isfinite(x).all()):
        raise InputError("a window holds a value that is not a finite float32", "drop or repair that window")
    return quantized(x, scale, zero_point, np.dtype(dtype))


def quantized(x: NDArray[np.float32], scale: float, zero_point: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """`quantize_windows` of numbers in the device's layout, whatever they are: infinities go to the ends of
    `dtype`, and what is no number counts as 0. The device's C gives the same."""
    if dtype.kind == "f":
        return x.astype(dtype)
    limits = np.iinfo(dtype)
    steps = np.nan_to_num(rounded_steps(x, scale), nan=0.0, posinf=_FAR, neginf=-_FAR)
    result: NDArray[Any] = np.clip(steps + zero_point, limits.min, limits.max).astype(dtype)
    return result


def clamped(x: NDArray[np.float32], scale: float, zero_point: int, dtype: np.dtype[Any]) -> int:
    """How many of `x` lie beyond the ends of `dtype`, so that quantizing changes them by more than rounding."""
    if dtype.kind == "f":
        return 0
    limits, steps = np.iinfo(dtype), rounded_steps(x, scale) + zero_point
    return int(((steps < limits.min) | (steps > limits.max)).sum())


def rounded_steps(x: NDArray[np.float32], scale: float) -> NDArray[np.float64]:
    """round_half_away(float32(x) / float32(scale)), before anything is limited."""
    # The quotient is float32, as on the device; rounding it in float64 adds no error of its own.
    with np.errstate(over="ignore", invalid="ignore"):
        quotient = (x / np.float32(scale)).astype(np.float64)
        rounded: NDArray[np.float64] = np.trunc(quotient + np.copysign(0.5, quotient))
    return rounded


def as_file_takes(x: NDArray[Any], dtype: np.dtype[Any], scale: float, zero_point: int) -> NDArray[Any]:
    """The device's integers x (N, *device shape) in the type that the .tflite takes; exactly undone there."""
    if dtype == x.dtype:
        return x
    if dtype == np.uint8:
        return other_sign(x)
    return dequantize(x, scale, zero_point).reshape(x.shape)


def dequantize(y: NDArray[Any], scale: float, zero_point: int) -> NDArray[np.float32]:
    """(N, ...) integers -> (N, K) float32 logits; floats pass."""
    flat = y.reshape(len(y), -1)
    if flat.dtype.kind == "f":
        return flat.astype(np.float32)
    return ((flat.astype(np.int64) - zero_point) * np.float32(scale)).astype(np.float32)
