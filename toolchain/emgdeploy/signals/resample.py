"""Recordings brought to another sample rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from emgdeploy import optional
from emgdeploy.signals.recordings import Dataset, Recording

_LARGEST_FACTOR = 1000


def ratio(from_hz: float, to_hz: float) -> Fraction:
    """New samples for each old one, with factors that a polyphase filter can have."""
    return (Fraction(to_hz) / Fraction(from_hz)).limit_denominator(_LARGEST_FACTOR)


def resampled(dataset: Dataset, rate_hz: float) -> Dataset:
    """The same recordings at another rate: SciPy's polyphase filter, which also keeps out what would alias.

    The class of a new sample is that of the old one nearest in time. Raises ToolMissingError without SciPy.
    """
    by = ratio(dataset.sample_rate_hz, rate_hz)
    return replace(
        dataset,
        recordings=tuple(at_ratio(recording, by) for recording in dataset.recordings),
        sample_rate_hz=rate_hz,
        resampled_from_hz=dataset.sample_rate_hz,
    )


def at_ratio(recording: Recording, by: Fraction) -> Recording:
    """As `resampled`, one recording with so many new samples for each old one."""
    signal = optional.load("scipy.signal", extra="data")
    # The mean is taken off and put back, so that an offset does not ring at the ends.
    samples = signal.resample_poly(recording.samples, by.numerator, by.denominator, axis=0, padtype="mean")
    old = np.round(np.arange(len(samples)) / float(by)).astype(np.int64)
    labels = recording.labels[np.minimum(old, len(recording.labels) - 1)]
    start = round(recording.start * by)
    return replace(recording, samples=np.asarray(samples, np.float32), labels=labels, start=start)
