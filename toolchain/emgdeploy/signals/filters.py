"""Causal IIR filters as second-order sections, which is also the form that firmware runs.

Each section starts in the steady state of its first input, so an electrode's offset does not ring. A filter
that single precision makes unstable, or of which a sample could make an overflow, is refused: no state that
came about can be left by what is no number.
"""

from __future__ import annotations

import functools
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emgdeploy import optional
from emgdeploy.errors import InputError
from emgdeploy.signals.float32_math import Single

# Of samples up to 2^32 this makes numbers of which float32 still holds the squares of a whole window.
_LARGEST_GAIN = 1e6
_IMPULSE_SAMPLES = 1 << 16


class FilterDescription(Protocol):
    """The fields of a preprocessing description that say how to filter."""

    @property
    def sample_rate_hz(self) -> float: ...
    @property
    def bandpass_hz(self) -> tuple[float, float] | None: ...
    @property
    def bandpass_order(self) -> int: ...
    @property
    def notch_hz(self) -> tuple[float, ...]: ...
    @property
    def notch_q(self) -> float: ...


def sections(wanted: FilterDescription) -> NDArray[np.float64]:
    """(K, 6) second-order sections b0 b1 b2 1 a1 a2: a Butterworth band-pass, then one notch per frequency.

    K is 0 when nothing is to be filtered. Raises ToolMissingError without scipy, InputError for a filter that
    single precision cannot run.
    """
    if wanted.bandpass_hz is None and not wanted.notch_hz:
        return np.zeros((0, 6))
    return _designed(
        wanted.sample_rate_hz, wanted.bandpass_hz, wanted.bandpass_order, wanted.notch_hz, wanted.notch_q
    )


@functools.lru_cache(maxsize=64)
def _designed(
    rate: float, band: tuple[float, float] | None, order: int, notches: tuple[float, ...], q: float
) -> NDArray[np.float64]:
    design = optional.load("scipy.signal", extra="data")
    parts = []
    if band is not None:
        parts.append(design.butter(order, band, "bandpass", fs=rate, output="sos"))
    for frequency in notches:
        parts.append(design.tf2sos(*design.iirnotch(frequency, q, fs=rate)))
    made: NDArray[np.float64] = np.concatenate(parts)
    if not largest_gain(made) < _LARGEST_GAIN:
        raise InputError(
            "preprocessing: single precision cannot run this filter, it would be unstable",
            "widen bandpass_hz, lower bandpass_order or notch_q",
        )
    made.setflags(write=False)
    return made


def largest_gain(filter_sections: NDArray[np.float64]) -> float:
    """How many times the largest sample anything in the filter can become; infinite where it is unstable.

    Of the sections as single precision holds them: the sum of the absolute impulse response up to each
    section, with a tail beyond 65,536 samples taken as long again as the pole farthest out makes it.
    """
    design = optional.load("scipy.signal", extra="data")
    rounded = filter_sections.astype(np.float32).astype(np.float64)
    a1, a2 = rounded[:, 4], rounded[:, 5]
    if not bool(np.all((np.abs(a2) < 1) & (np.abs(a1) < 1 + a2))):
        return float("inf")
    response = np.zeros(_IMPULSE_SAMPLES)
    response[0] = 1.0
    largest = 1.0
    for section in rounded:
        response = design.sosfilt(section[None], response)
        radius = max(np.abs(np.roots(section[3:])))
        tail = float(np.abs(response[-1024:]).max()) / (1 - radius)
        largest = max(largest, float(np.abs(response).sum()) + tail)
    return largest * (1 + float(np.abs(rounded).sum(axis=1).max()))


def settled(filter_sections: NDArray[np.float64]) -> Single:
    """(K, 2) states of the sections once a constant input of 1 has settled."""
    design = optional.load("scipy.signal", extra="data")
    return np.asarray(design.sosfilt_zi(filter_sections), np.float32)


def run(
    filter_sections: NDArray[np.float64], signal: Single, state: Single | None, begins: NDArray[np.int64]
) -> tuple[Single, Single]:
    """(S, E) -> (S, E) and the state (K, 2, E) after it.

    begins: (E,) the sample at which each electrode's filters begin, in the steady state of that sample; -1 for
    those that go on from `state`, S for those that do not begin yet. Up to there what comes out is 0.

    SciPy computes in the type of its arguments and in the order of the transposed direct form II, section
    after section, which is also what the firmware does.
    """
    design = optional.load("scipy.signal", extra="data")
    sections32 = filter_sections.astype(np.float32)
    after = np.zeros((len(sections32), 2, signal.shape[1]), np.float32) if state is None else state.copy()
    filtered = np.zeros_like(signal)
    for begin in np.unique(begins[begins < len(signal)]):
        which, first = begins == begin, max(int(begin), 0)
        zi = after[:, :, which]
        if begin >= 0:
            zi = settled(filter_sections)[:, :, None] * signal[first, which]
        if first < len(signal):
            filtered[first:, which], after[:, :, which] = design.sosfilt(
                sections32, signal[first:, which], axis=0, zi=zi
            )
    return filtered, after
