"""Requantization in three instructions for outputs that reach from their zero point up to 127.

With such a range, TFLite's double rounding is one staircase in the accumulator: output t (zero point
-128, right shift s, multiplier M) begins where acc * M >= (t + 128) * 2**(31 + s) - 2**(30 + s) - 2**30.
The kernel computes floor(((acc + d) * M + z * 2**g) / 2**(31 + s)), where g is 32, or 24 for a channel
whose accumulator arrives times 256, and takes the shift of the high word, 31 + s - g, from z's low byte.
Such a z can only hit every 256th multiple of 2**g; d, which is added to the bias, moves the sum in between.
A pair (d, z) is taken when no step that the channel can reach moves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.dsp.pack import Endings
from emgdeploy.codegen.lower.short_requantize import requantized

_STEPS = np.arange(1, 256)
_LARGEST_SHIFT = 15
_LARGEST_SUM = 2**30


def rectified_form(
    channels: Channels, least: NDArray[np.int64], greatest: NDArray[np.int64], times256: NDArray[np.bool_]
) -> Endings | None:
    """The constants, or None when the range is another one or a channel has no exact pair.

    `least` and `greatest` bound each channel's accumulator; `times256`: which of them arrive times 256.
    """
    if (channels.zero_point, channels.low, channels.high) != (-128, -128, 127):
        return None
    still = requantized(channels, least).tolist()
    found = [
        # A channel whose weights are all zero is its offset, less the shift.
        (0, 0, (still[i] << 8) + 8) if low == high else _channel(channels, low, high, wide, i)
        for i, (low, high, wide) in enumerate(
            zip(least.tolist(), greatest.tolist(), times256.tolist(), strict=True)
        )
    ]
    if any(one is None for one in found):
        return None
    return Endings(*np.array(found, np.int64).reshape(-1, 3).T)


def _channel(
    channels: Channels, least: int, greatest: int, times256: bool, i: int
) -> tuple[int, int, int] | None:
    """(bias, multiplier, offset) of one channel."""
    multiplier, shift = int(channels.multiplier[i]), -int(channels.shift[i])
    if not 1 <= shift <= _LARGEST_SHIFT:
        return None
    low, high = _window(multiplier, shift, least, greatest)
    grain = 24 if times256 else 32
    own_shift = 31 + shift - grain
    start = low - (own_shift << grain)  # what d * M and a multiple of 2**(grain + 8) must add up to, or more
    modulus = 1 << (grain + 8)
    first = start % modulus
    added = (
        0
        if first + high - low > modulus
        else first_multiple(multiplier, modulus, first, first + high - low - 1)
    )
    if added is None or max(-least, greatest) + added >= _LARGEST_SUM:
        return None
    offset = (-((added * multiplier - start) // modulus) << 8) + own_shift
    return int(channels.bias[i]) + added, multiplier, offset


def _window(multiplier: int, shift: int, least: int, greatest: int) -> tuple[int, int]:
    """Sums [low, high) that put every reachable step of the staircase where the reference has it."""
    wanted = (_STEPS << (31 + shift)) - (1 << (30 + shift)) - (1 << 30)
    first = -(-wanted // multiplier)  # the accumulator at which the step is climbed
    over = (first * multiplier - wanted)[(first >= least) & (first <= greatest + 1)]
    exact = (1 << (30 + shift)) + (1 << 30) - (128 << (31 + shift))
    return exact - int(over.min(initial=multiplier - 1)), exact + multiplier - int(over.max(initial=0))


def first_multiple(step: int, modulus: int, low: int, high: int) -> int | None:
    """The smallest k >= 0 with low <= k * step mod modulus <= high, for 0 <= low <= high < modulus.

    Where no multiple of `step` lies in the range before the first wrap, the wrap at which one does is the
    same question about smaller numbers, as in Euclid's algorithm.
    """
    if low == 0:
        return 0
    step %= modulus
    if step == 0:
        return None
    if 2 * step > modulus:
        step, low, high = modulus - step, modulus - high, modulus - low
    k = -(-low // step)
    if k * step <= high:
        return k
    wraps = first_multiple(-modulus % step, step, low % step, high % step)
    return None if wraps is None else -(-(low + modulus * wraps) // step)
