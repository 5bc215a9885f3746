"""Windows of a multi-channel signal reduced to images, as one vectorised tensor operation."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray


def window_starts(samples: int, window: int, stride: int) -> NDArray[np.int64]:
    """(N,) first sample of each window of `window` samples that fits whole into `samples`."""
    return np.arange(0, samples - window + 1, stride, dtype=np.int64)


def reduce_windows(
    signal: NDArray[np.float64], window: int, stride: int, frames: int, image: str, detrend: bool
) -> NDArray[np.float64]:
    """(S, E) samples -> (N, frames, E): each of the `frames` equal parts of a window becomes one number.

    image: `rms`, `mav`, or `instant` / `stacked` (the last sample of each part). With `detrend` the mean of
    each electrode over the whole window is removed first.
    """
    starts = window_starts(len(signal), window, stride)
    if len(starts) == 0:
        return np.zeros((0, frames, signal.shape[1]))
    part = window // frames
    if image in ("instant", "stacked"):
        last = starts[:, None] + part * np.arange(1, frames + 1) - 1
        picked: NDArray[np.float64] = signal[last]
        return picked - _sums(signal, window, stride, 1) / window if detrend else picked
    if image == "mav":
        if not detrend:
            return _sums(np.abs(signal), window, stride, frames) / part
        return _mean_absolute_of_centred(signal, starts, window, frames)
    power = _sums(signal**2, window, stride, frames) / part
    if detrend:
        mean = _sums(signal, window, stride, 1) / window
        part_mean = _sums(signal, window, stride, frames) / part
        power = power - 2 * mean * part_mean + mean**2
    return np.sqrt(np.maximum(power, 0.0))


def _sums(values: NDArray[np.float64], window: int, stride: int, frames: int) -> NDArray[np.float64]:
    """(S, E) -> (N, frames, E): sums over the parts of each window.

    Overlapping windows share blocks of gcd(part, stride) samples, so each sample is added once.
    """
    part = window // frames
    count = len(window_starts(len(values), window, stride))
    block = gcd(part, stride)
    blocks = values[: len(values) // block * block].reshape(-1, block, values.shape[1]).sum(axis=1)
    first = np.arange(count)[:, None] * (stride // block) + np.arange(frames) * (part // block)
    parts = np.lib.stride_tricks.sliding_window_view(blocks, part // block, axis=0).sum(axis=-1)
    summed: NDArray[np.float64] = parts[first]
    return summed


def _mean_absolute_of_centred(
    signal: NDArray[np.float64], starts: NDArray[np.int64], window: int, frames: int
) -> NDArray[np.float64]:
    views = np.lib.stride_tricks.sliding_window_view(signal, window, axis=0)[starts]
    centred = np.abs(views - views.mean(axis=-1, keepdims=True))
    parts = centred.reshape(*centred.shape[:2], frames, window // frames)
    return np.moveaxis(parts.mean(axis=-1), 1, 2)
