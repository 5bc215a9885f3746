"""Causal IIR filters as second-order sections, which is also the form that firmware runs.

Each section starts in the steady state of its first input, so an electrode's offset does not ring.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emgdeploy import optional
from emgdeploy.signals.single import Single


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

    K is 0 when nothing is to be filtered. Raises ToolMissingError without scipy.
    """
    if wanted.bandpass_hz is None and not wanted.notch_hz:
        return np.zeros((0, 6))
    design = optional.load("scipy.signal", extra="data")
    rate = wanted.sample_rate_hz
    parts = []
    if wanted.bandpass_hz is not None:
        parts.append(
            design.butter(wanted.bandpass_order, wanted.bandpass_hz, "bandpass", fs=rate, output="sos")
        )
    for frequency in wanted.notch_hz:
        parts.append(design.tf2sos(*design.iirnotch(frequency, wanted.notch_q, fs=rate)))
    return np.concatenate(parts)


def settled(filter_sections: NDArray[np.float64]) -> Single:
    """(K, 2) states of the sections once a constant input of 1 has settled."""
    design = optional.load("scipy.signal", extra="data")
    return np.asarray(design.sosfilt_zi(filter_sections), np.float32)


def run(
    filter_sections: NDArray[np.float64], signal: Single, state: Single | None = None
) -> tuple[Single, Single]:
    """(S, E) -> (S, E) and the state after it; without `state` from the first sample's steady state.

    SciPy computes in the type of its arguments and in the order of the transposed direct form II, section
    after section, which is also what the firmware does.
    """
    design = optional.load("scipy.signal", extra="data")
    if state is None:
        first = signal[:1] if len(signal) else np.zeros((1, signal.shape[1]), np.float32)
        state = settled(filter_sections)[:, :, None] * first[0]
    if len(signal) == 0:
        return signal, state
    filtered, after = design.sosfilt(filter_sections.astype(np.float32), signal, axis=0, zi=state)
    return filtered, after
