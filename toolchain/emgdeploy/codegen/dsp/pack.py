"""Weights in the order the three-pixel kernel reads them (runtime/kernels/dsp/gemm_3px_s8.h)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.dsp.short_requantize import ShortForm

# The second channel's sum is recovered as (C - B) / 256, so it has 24 bits.
_LARGEST_SECOND_SUM = 2**23 - 1


def pair_order(runs: int, length: int) -> NDArray[np.int64]:
    """Input numbers in the order the widened patch holds them, -1 where it holds nothing.

    A patch is `runs` runs of `length` inputs. Widening a word of four inputs gives the pairs
    (0, 2) and (1, 3); a run's last word is filled up.
    """
    padded = -(-length // 4) * 4
    inside = np.arange(padded).reshape(-1, 4)[:, [0, 2, 1, 3]].reshape(-1)
    run = np.where(inside < length, inside, -1)
    return np.where(run >= 0, run + np.arange(runs)[:, np.newaxis] * length, -1).reshape(-1)


def pack_pairs(
    weights: NDArray[np.int64], order: NDArray[np.int64], form: ShortForm
) -> NDArray[np.int32] | None:
    """The kernel's stream for `weights` (out_channels, inputs); None where two do not fit one halfword.

    An odd number of channels is filled up with a channel of zeros.
    """
    channels = weights.shape[0] + weights.shape[0] % 2
    ordered = np.where(order >= 0, weights[:, np.maximum(order, 0)], 0)
    ordered = _fill(ordered, channels)
    bias, multiplier = _fill(form.bias, channels), _fill(form.multiplier, channels)
    shift = _fill(form.shift_less_one, channels)
    first, second = ordered[0::2], ordered[1::2]
    halfwords = second * 256 + first
    positive, negative = np.maximum(second, 0).sum(1), np.minimum(second, 0).sum(1)
    worst = np.maximum(
        np.abs(bias[1::2] + 127 * positive - 128 * negative),
        np.abs(bias[1::2] - 128 * positive + 127 * negative),
    )
    if np.abs(halfwords).max() > 2**15 - 1 or worst.max() > _LARGEST_SECOND_SUM:
        return None
    words = (halfwords[:, 0::2] & 0xFFFF) | (halfwords[:, 1::2] & 0xFFFF) << 16
    starts = np.stack([bias[0::2], bias[0::2] + 256 * bias[1::2]], 1)
    endings = np.stack([multiplier[0::2], multiplier[1::2], shift[0::2] | shift[1::2] << 8], 1)
    stream = np.concatenate([starts, words, endings], 1).reshape(-1)
    return (stream & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _fill(values: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    missing = length - values.shape[0]
    return np.concatenate([values, np.zeros((missing, *values.shape[1:]), np.int64)]) if missing else values
