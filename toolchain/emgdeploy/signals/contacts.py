"""What simulated electrodes add to the potentials on the skin: gain, thermal noise, power line, drift and offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POWER_LINE_HZ = 50.0
_GAIN_SPREAD = 0.12
_THERMAL_MV = (0.008, 0.02)
_LINE_MV = 0.02
_DRIFT_MV = 0.3
_OFFSET_MV = 5.0


@dataclass(frozen=True)
class Contacts:
    """The electrodes of one session; every field (electrodes,)."""

    gain: NDArray[np.float64]
    thermal_mv: NDArray[np.float64]
    line_mv: NDArray[np.float64]
    offset_mv: NDArray[np.float64]


def contacts_of(electrodes: int, day: np.random.Generator) -> Contacts:
    """The contacts of so many electrodes on a day."""
    return Contacts(
        gain=np.exp(day.normal(0.0, _GAIN_SPREAD, electrodes)),
        thermal_mv=day.uniform(*_THERMAL_MV, electrodes),
        line_mv=_LINE_MV * np.exp(day.normal(0.0, 0.6, electrodes)),
        offset_mv=day.normal(0.0, _OFFSET_MV, electrodes),
    )


class Noise:
    """Noise of a recording, piece after piece."""

    def __init__(self, contacts: Contacts, rate_hz: float, rng: np.random.Generator) -> None:
        electrodes = len(contacts.gain)
        self._contacts, self._rate_hz, self._rng = contacts, rate_hz, rng
        self._phase = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.3, electrodes)
        self._line_hz = POWER_LINE_HZ + rng.normal(0, 0.02)
        self._at = 0
        self._drift = np.zeros(electrodes, np.float32)

    def next(self, samples: int) -> NDArray[np.float64]:
        """(samples, electrodes) thermal noise, power line with its third harmonic, drift and offset, in mV."""
        contacts, shape = self._contacts, (samples, len(self._drift))
        time = np.arange(self._at, self._at + samples) / self._rate_hz
        cycles = 2 * np.pi * self._line_hz * time[:, None]
        line = np.sin(cycles + self._phase) + 0.2 * np.sin(3 * cycles + 3 * self._phase)
        drift = np.cumsum(self._rng.standard_normal(shape, dtype=np.float32), axis=0)
        drift *= _DRIFT_MV * np.sqrt(1 / self._rate_hz)
        drift += self._drift
        thermal = contacts.thermal_mv * self._rng.standard_normal(shape, dtype=np.float32)
        self._at += samples
        self._drift = drift[-1]
        return thermal + contacts.line_mv * line + drift + contacts.offset_mv
