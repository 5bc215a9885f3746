"""What a bad sample becomes: the last good value of its electrode. The twin of `runtime/live/take.c`.

A value is bad that is no number, infinite, or outside of what the converter can give. One such value must not
reach a filter, whose state it would spoil for good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.float32_math import Single

# Wider than the counts of any converter, whatever unit they are taken for; no filter that is allowed makes a
# float32 overflow of it.
WIDEST = 2.0**32


@dataclass(frozen=True)
class Repaired:
    """signal: (S, E) float32 without bad values. bad: (S, E) which were replaced. begins: (E,) the sample that
    is an electrode's first good one, -1 where it had one before, S where it has none yet; up to it the signal
    is 0. last: (E,) the last good value, NaN where there was none yet."""

    signal: Single
    bad: NDArray[np.bool_]
    begins: NDArray[np.int64]
    last: Single


def repair(samples: Single, limits: tuple[float, float] | None, last: Single | None = None) -> Repaired:
    """(S, E) samples in millivolts; limits: what the converter can give, both ends included; last: of the
    samples before them."""
    lowest, highest = limits or (-WIDEST, WIDEST)
    with np.errstate(invalid="ignore"):
        good = (samples >= np.float32(lowest)) & (samples <= np.float32(highest))
    count = len(samples)
    before = np.full(samples.shape[1], np.nan, np.float32) if last is None else last
    known = ~np.isnan(before)
    first = np.where(good.any(axis=0), good.argmax(axis=0), count) if count else np.zeros(len(before), int)
    begins = np.where(known, -1, first).astype(np.int64)
    if bool(good.all()):
        return Repaired(samples, ~good, begins, samples[-1].copy() if count else before)
    # The row of each value's last good one, counted from 1; row 0 is what came before.
    rows = np.maximum.accumulate(np.where(good, np.arange(1, count + 1)[:, None], 0), axis=0)
    table = np.concatenate([np.where(known, before, np.float32(0))[None], samples])
    signal = np.take_along_axis(table, rows, axis=0)
    after = np.where(known | (begins < count), signal[-1], np.float32(np.nan))
    return Repaired(signal, ~good, begins, after)
