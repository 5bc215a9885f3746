"""Windows of a multi-channel signal reduced to images, in the arithmetic of the firmware."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.float32_math import Single, sum_in_order


def window_starts(samples: int, window: int, stride: int) -> NDArray[np.int64]:
    """(N,) first sample of each window of `window` samples that fits whole into `samples`."""
    return np.arange(0, samples - window + 1, stride, dtype=np.int64)


def block_samples(window: int, stride: int, frames: int) -> int:
    """Samples in the blocks that parts and strides are whole numbers of: each sample is added once."""
    return gcd(window // frames, stride)


def reduce_windows(
    signal: Single, window: int, stride: int, frames: int, image: str, detrend: bool
) -> Single:
    """(S, E) samples -> (N, frames, E): each of the `frames` equal parts of a window becomes one number.

    image: `rms`, `mav`, or `instant` / `stacked` (the last sample of each part). With `detrend` the mean of
    each electrode over the whole window is removed first.
    """
    starts = window_starts(len(signal), window, stride)
    if len(starts) == 0:
        return np.zeros((0, frames, signal.shape[1]), np.float32)
    part = window // frames
    if image == "mav" and detrend:
        return _mean_absolute_of_centred(signal, window, stride, frames)
    if image == "mav":
        return _sums(np.abs(signal), window, stride, frames) / np.float32(part)
    if image in ("instant", "stacked"):
        mean = _window_means(signal, window, stride, frames) if detrend else np.float32(0)
        picked: Single = signal[starts[:, None] + part * np.arange(1, frames + 1) - 1] - mean
        return picked
    if detrend:
        return _centred_root_mean_square(signal, window, stride, frames)
    root: Single = np.sqrt(_sums(signal * signal, window, stride, frames) / np.float32(part))
    return root


def _block_sums(values: Single, block: int) -> Single:
    whole = len(values) // block * block
    return sum_in_order(values[:whole].reshape(-1, block, values.shape[1]), 1)


def _block_means_and_spreads(signal: Single, block: int) -> tuple[Single, Single]:
    """(S, E) -> each block's mean and its sum of squared distances from it.

    Taken from the block's first sample: an electrode's offset is a thousand times its signal, and squared it
    would leave single precision nothing of the signal.
    """
    whole = len(signal) // block * block
    samples = signal[:whole].reshape(-1, block, signal.shape[1])
    away = samples - samples[:, :1]
    total, squares = sum_in_order(away, 1), sum_in_order(away * away, 1)
    shift = total / np.float32(block)
    return samples[:, 0] + shift, squares - total * shift


def _centred_root_mean_square(signal: Single, window: int, stride: int, frames: int) -> Single:
    """The blocks' own spreads, and how far the blocks lie from the window's mean."""
    block = block_samples(window, stride, frames)
    means, spreads = _block_means_and_spreads(signal, block)
    count = window // frames // block
    first = window_starts(len(signal), window, stride)[:, None] // block
    mean = _gathered(means, first, count * frames) / np.float32(count * frames)
    first = first + np.arange(frames) * count
    power = np.zeros((*first.shape, signal.shape[1]), np.float32)
    for k in range(count):
        distance = means[first + k] - mean
        power += spreads[first + k] + np.float32(block) * distance * distance
    root: Single = np.sqrt(np.maximum(power / np.float32(block * count), np.float32(0)))
    return root


def _sums(values: Single, window: int, stride: int, frames: int) -> Single:
    """(S, E) -> (N, frames, E): sums over the parts of each window, block by block."""
    block = block_samples(window, stride, frames)
    blocks, count = _block_sums(values, block), window // frames // block
    first = window_starts(len(values), window, stride)[:, None] // block + np.arange(frames) * count
    return _gathered(blocks, first, count)


def _window_means(signal: Single, window: int, stride: int, frames: int) -> Single:
    """(S, E) -> (N, 1, E): the mean over each whole window, of the same blocks."""
    block = block_samples(window, stride, frames)
    means, _ = _block_means_and_spreads(signal, block)
    first = window_starts(len(signal), window, stride)[:, None] // block
    result: Single = _gathered(means, first, window // block) / np.float32(window // block)
    return result


def _gathered(blocks: Single, first: NDArray[np.int64], count: int) -> Single:
    total = np.zeros((*first.shape, blocks.shape[1]), np.float32)
    for k in range(count):
        total += blocks[first + k]
    return total


def _mean_absolute_of_centred(signal: Single, window: int, stride: int, frames: int) -> Single:
    part, means = window // frames, _window_means(signal, window, stride, frames)
    first = window_starts(len(signal), window, stride)[:, None] + part * np.arange(frames)
    total: Single = np.zeros((*first.shape, signal.shape[1]), np.float32)
    for sample in range(part):
        total += np.abs(signal[first + sample] - means)
    return total / np.float32(part)
