"""Motor-unit pools: who fires when, after Fuglevand, Winter and Patla, J. Neurophysiol. 70 (1993) 2470-2488.

Recruitment thresholds grow exponentially through the pool (range 30), so do the fibres per unit; each unit
starts at 8 impulses/s, rises with excitation and saturates at a rate that falls from 35 impulses/s for the
first recruited to 25 for the last; intervals vary by 20 %.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLD_RANGE = 30.0
# A pool here has fewer units than a muscle has, so each stands for several real ones of its size.
SMALLEST_UNIT_FIBRES, LARGEST_UNIT_FIBRES = 100.0, 3000.0
MINIMUM_RATE_HZ = 8.0
PEAK_RATE_FIRST_HZ, PEAK_RATE_LAST_HZ = 35.0, 25.0
# Impulses/s for each unit of excitation; Fuglevand et al. use 1.
RATE_GAIN = 1.0
INTERVAL_VARIATION = 0.2
# Two impulses of one fibre are never closer than this, whatever the variation says.
SHORTEST_INTERVAL = 0.25


def thresholds(units: int) -> NDArray[np.float64]:
    """(units,) recruitment thresholds in Fuglevand's excitation units, smallest first."""
    threshold: NDArray[np.float64] = np.exp(np.log(THRESHOLD_RANGE) * np.arange(1, units + 1) / units)
    return threshold


def fibre_counts(units: int) -> NDArray[np.float64]:
    """(units,) muscle fibres of each unit, in order of recruitment."""
    return np.geomspace(SMALLEST_UNIT_FIBRES, LARGEST_UNIT_FIBRES, units)


def firing_rates(excitation: NDArray[np.float64], units: int) -> NDArray[np.float64]:
    """(S,) excitation as a share of the maximum -> (units, S) impulses/s, zero below the threshold."""
    threshold = thresholds(units)
    peak = PEAK_RATE_FIRST_HZ - (PEAK_RATE_FIRST_HZ - PEAK_RATE_LAST_HZ) * threshold / threshold[-1]
    most = threshold[-1] + (peak[-1] - MINIMUM_RATE_HZ) / RATE_GAIN
    above = excitation[None, :] * most - threshold[:, None]
    rate = np.minimum(MINIMUM_RATE_HZ + RATE_GAIN * above, peak[:, None])
    return np.where(above >= 0, rate, 0.0)


def impulses(
    rates: NDArray[np.float64], sample_rate_hz: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(units, S) impulses/s -> (unit, sample) of every impulse, ordered by unit and time.

    A regular train with varied intervals runs in "expected impulses so far" and is mapped back to time
    through the integrated rate, so the rate may change at any sample.
    """
    units, samples = rates.shape
    expected = np.cumsum(rates, axis=1) / sample_rate_hz
    most = int(np.ceil(expected[:, -1].max(initial=0.0) * 1.5)) + 8
    gaps = 1.0 + INTERVAL_VARIATION * rng.standard_normal((units, most))
    gaps = np.maximum(gaps, SHORTEST_INTERVAL)
    # A random phase, or all units would start together.
    ticks = np.cumsum(gaps, axis=1) - gaps[:, :1] * rng.random((units, 1))
    unit, index = np.nonzero(ticks < expected[:, -1:])
    # One search over all units: each unit's expected count is lifted by an offset larger than any count.
    lift = expected[:, -1].max(initial=0.0) + 1.0
    flat = (expected + lift * np.arange(units)[:, None]).ravel()
    found = np.searchsorted(flat, ticks[unit, index] + lift * unit)
    return unit.astype(np.int64), (found - unit * samples).astype(np.int64)
