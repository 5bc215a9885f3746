"""Causal IIR filters as second-order sections, which is also the form that firmware runs.

Each section starts in the steady state of its first input, so an electrode's offset does not ring.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emgdeploy import optional


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


def run(filter_sections: NDArray[np.float64], signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """(S, E) -> (S, E), each column filtered from its first sample's steady state."""
    design = optional.load("scipy.signal", extra="data")
    if len(signal) == 0:
        return signal
    state = design.sosfilt_zi(filter_sections)[:, :, None] * signal[0]
    filtered: NDArray[np.float64] = design.sosfilt(filter_sections, signal, axis=0, zi=state)[0]
    return filtered
