"""Weights in the order the DSP kernels read them: two output channels in one halfword."""

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


def pair_words(
    weights: NDArray[np.int64], order: NDArray[np.int64], bias: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Starting sums B and C (pairs, 2) and words (pairs, steps) of `weights` (channels, inputs).

    `channels` is even. None where two weights do not fit one halfword, or where a second
    channel's sum could leave the 24 bits that its recovery from C - B has.
    """
    ordered = np.where(order >= 0, weights[:, np.maximum(order, 0)], 0)
    first, second = ordered[0::2], ordered[1::2]
    halfwords = second * 256 + first
    positive, negative = np.maximum(second, 0).sum(1), np.minimum(second, 0).sum(1)
    ends = bias[1::2] + 127 * positive - 128 * negative, bias[1::2] - 128 * positive + 127 * negative
    if np.abs(halfwords).max() > 2**15 - 1 or np.abs(ends).max() > _LARGEST_SECOND_SUM:
        return None
    words = (halfwords[:, 0::2] & 0xFFFF) | (halfwords[:, 1::2] & 0xFFFF) << 16
    return np.stack([bias[0::2], bias[0::2] + 256 * bias[1::2]], 1), words


def pack_gemm(
    weights: NDArray[np.int64], order: NDArray[np.int64], form: ShortForm
) -> NDArray[np.int32] | None:
    """The stream of gemm_3px_s8; an odd number of channels is filled up with one of zeros."""
    channels = weights.shape[0] + weights.shape[0] % 2
    packed = pair_words(fill(weights, channels), order, fill(form.bias, channels))
    if packed is None:
        return None
    multiplier, shift = fill(form.multiplier, channels), fill(form.shift_less_one, channels)
    endings = np.stack([multiplier[0::2], multiplier[1::2], shift[0::2] | shift[1::2] << 8], 1)
    return as_words(np.concatenate([*packed, endings], 1))


def as_words(values: NDArray[np.int64]) -> NDArray[np.int32]:
    """Flat 32-bit words, modulo 2**32."""
    return (values.reshape(-1) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def fill(values: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """`values` with zeros behind, up to `length` along the first axis."""
    missing = length - values.shape[0]
    return np.concatenate([values, np.zeros((missing, *values.shape[1:]), np.int64)]) if missing else values
