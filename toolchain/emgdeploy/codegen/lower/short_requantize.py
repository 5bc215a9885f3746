"""When the short requantization is exact, and what it needs stored.

With r = round(2 * acc * M / 2**32), s the right shift and z the zero point, TFLite's double
rounding is ((r - (acc < 0) + ((2 * z + 1) << (s - 1))) >> (s - 1)) >> 1, as long as nothing
overflows: |acc| < 2**30, 1 <= s <= 23 and |r| + |offset| < 2**31.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels

_LARGEST_SHIFT = 23


@dataclass(frozen=True)
class ShortForm:
    """Per channel: starting sum, 31-bit multiplier, right shift less one."""

    bias: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    shift_less_one: NDArray[np.int64]


def short_form(channels: Channels, least: NDArray[np.int64], greatest: NDArray[np.int64]) -> ShortForm | None:
    """The constants of the short form; None when a channel needs the general one.

    `least` and `greatest` bound each channel's accumulator. A channel whose output cannot change
    (all weights zero, or saturated over its whole range) is rewritten so that it always qualifies.
    """
    bias = channels.bias.astype(np.int64)
    multiplier = channels.multiplier.astype(np.int64)
    shift = -channels.shift.astype(np.int64)
    ends = np.stack([requantized(channels, least), requantized(channels, greatest)])
    frozen = ends[0] == ends[1]
    # 4 * d at half scale and one shift gives back d, whatever its sign.
    constant = 4 * (ends[0] - channels.zero_point)
    still = least == greatest
    qualifies = (
        (np.maximum(np.abs(least), np.abs(greatest)) < 2**30) & (shift >= 1) & (shift <= _LARGEST_SHIFT)
    )
    rewrite = frozen & still & ~qualifies
    if not np.all(qualifies | rewrite):
        return None
    return ShortForm(
        bias=np.where(rewrite, constant, bias),
        multiplier=np.where(rewrite, 2**30, multiplier),
        shift_less_one=np.where(rewrite, 0, shift - 1),
    )


def short_form_of(channels: Channels, matrix: NDArray[np.int64]) -> ShortForm | None:
    """The short form for the sums that weights (channels, taps) can reach."""
    return short_form(channels, *sum_ends(channels, matrix))


def sum_ends(channels: Channels, matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The least and the greatest sum of each channel, for weights (channels, taps)."""
    bias = channels.bias.astype(np.int64)
    positive, negative = np.maximum(matrix, 0).sum(1), np.minimum(matrix, 0).sum(1)
    return bias - 128 * positive + 127 * negative, bias + 127 * positive - 128 * negative


def shortened(channels: Channels, matrix: NDArray[np.int64]) -> tuple[Channels, bool]:
    """The constants as kernels take them, and whether that is the short form.

    Then shifts are right shifts less one, and the zero point is doubled plus one.
    """
    form = short_form_of(channels, matrix)
    if form is None:
        return channels, False
    short = replace(
        channels,
        bias=form.bias.astype(np.int32),
        multiplier=form.multiplier.astype(np.int32),
        shift=form.shift_less_one.astype(np.int8),
        zero_point=2 * channels.zero_point + 1,
    )
    return short, True


def requantized(channels: Channels, acc: NDArray[np.int64]) -> NDArray[np.int64]:
    """TFLite's output for one accumulator per channel."""
    mantissa = channels.multiplier.astype(np.int64)
    shift = channels.shift.astype(np.int64)
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    high = ((acc << left) * mantissa + (1 << 30)) >> 31
    mask = (np.int64(1) << right) - 1
    rounded = (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))
    return np.asarray(np.clip(rounded + channels.zero_point, channels.low, channels.high))
