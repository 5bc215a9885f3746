"""Weights in the order the DSP kernels read them: two output channels in one halfword."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

QUAD = 4

# The second channel's sum is recovered as (C - B) / 256, so it has 24 bits.
_LARGEST_SECOND_SUM = 2**23 - 1


@dataclass(frozen=True)
class Endings:
    """Per channel: starting sum, multiplier, and an offset that holds the shift, or (no offsets) a shift."""

    bias: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    offset: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    shift: NDArray[np.int64] | None = None


def pair_order(runs: int, length: int) -> NDArray[np.int64]:
    """Input numbers in the order the widened patch holds them, -1 where it holds nothing.

    A patch is `runs` runs of `length` inputs: first the whole words of each run, then what is left of
    all of them, filled up to whole words. Widening a word of four gives the pairs (0, 2) and (1, 3).
    """
    inputs = np.arange(runs * length).reshape(runs, length)
    whole = length - length % 4
    rest = inputs[:, whole:].reshape(-1)
    filled = np.full(-(-rest.size // 4) * 4, -1)
    filled[: rest.size] = rest
    words = np.concatenate([inputs[:, :whole].reshape(-1), filled]).reshape(-1, 4)
    return np.asarray(words[:, [0, 2, 1, 3]].reshape(-1))


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
    weights: NDArray[np.int64], order: NDArray[np.int64], endings: Endings
) -> NDArray[np.int32] | None:
    """The stream of gemm_4ch_s8; the last quad of channels is filled up with channels of zeros."""
    channels = -(-weights.shape[0] // QUAD) * QUAD
    bias, multiplier = fill(endings.bias, channels), fill(endings.multiplier, channels)
    packed = pair_words(fill(weights, channels), order, bias)
    if packed is None:
        return None
    starts, words = packed
    parts = [
        starts.reshape(-1, QUAD),
        words.reshape(-1, 2, words.shape[1]).transpose(0, 2, 1).reshape(-1, 2 * words.shape[1]),
    ]
    if endings.offset.size:
        parts.append(np.stack([multiplier, fill(endings.offset, channels)], 1).reshape(-1, 2 * QUAD))
    if endings.shift is not None:
        shifts = fill(endings.shift, channels).reshape(-1, QUAD) << np.arange(0, 8 * QUAD, 8)
        parts += [shifts.sum(1, keepdims=True), multiplier.reshape(-1, QUAD)]
    return as_words(np.concatenate(parts, 1))


def as_words(values: NDArray[np.int64]) -> NDArray[np.int32]:
    """Flat 32-bit words, modulo 2**32."""
    return (values.reshape(-1) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def fill(values: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """`values` with zeros behind, up to `length` along the first axis."""
    missing = length - values.shape[0]
    return np.concatenate([values, np.zeros((missing, *values.shape[1:]), np.int64)]) if missing else values
