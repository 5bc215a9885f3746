"""What the measures of a data set mean: which electrodes are no electrodes, and whether the unit can be right.

The limits leave alone what real arrays do: they were set so that flexemg (monopolar, two people, three days),
Ninapro DB5 (three people) and the simulator give none, and broken copies of them each one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from emgdeploy.signals.quality.measures import Measures, Numbers, measure
from emgdeploy.signals.recordings import MILLIVOLTS, Dataset

FAIL, WARN = "fail", "warn"

# Surface EMG reaches "0 to 10 mV (peak-to-peak) or 0 to 1.5 mV (rms)": C. J. De Luca, "Surface Electromyography:
# Detection and Recording", DelSys 2002. An amplifier's own noise is about a microvolt.
_HIGHEST_MV, _LOWEST_MV = 2.0, 0.0005
_OFFSET_MV, _WANDER_MV = 100.0, 50.0
_STILL = 0.1
_CLIPPED_FAIL, _CLIPPED_WARN = 0.01, 0.001
_HUM_FAIL, _HUM_ARRAY = 0.85, 0.45
_SILENT, _LOUD = 1 / 20, 12.0
_ALIKE_ARRAY, _ALIKE_LEAST = 0.75, 0.25
_SNR_ARRAY_DB = 2.0
_DRIFT = float(np.log(2.0))
_BETWEEN = float(np.log(1.5))


@dataclass(frozen=True)
class Finding:
    """kind: a word for programs; severity: `fail` or `warn`; text: what was seen, for people."""

    kind: str
    severity: str
    text: str


@dataclass(frozen=True)
class Channel:
    """One electrode. place: row and column of the array; column: of the recordings, from 0; name: of that, or "".

    values: its measures by name, None where they cannot be told.
    """

    place: tuple[int, int]
    column: int
    name: str
    values: dict[str, float | None]
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> str:
        """The worst of its findings, "" without any."""
        severities = {finding.severity for finding in self.findings}
        return FAIL if FAIL in severities else WARN if WARN in severities else ""

    def __str__(self) -> str:
        called = f" ({self.name})" if self.name else ""
        return f"column {self.column}{called}, row {self.place[0]} column {self.place[1]} of the grid"


@dataclass(frozen=True)
class Quality:
    """channels: of every place that has an electrode. findings: of the array as a whole; notes: what is no fault."""

    grid: tuple[int, int]
    unit: str
    channels: tuple[Channel, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def fails(self) -> bool:
        """Whether a channel or the whole array fails."""
        return any(f.severity == FAIL for f in self.findings) or any(
            c.severity == FAIL for c in self.channels
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def judge(dataset: Dataset, rate_known: bool = True) -> Quality:
    """Measure the electrodes of a data set and say what is wrong with them."""
    found = measure(dataset, rate_known)
    columns = dataset.grid[1]
    channels = []
    for place, column in enumerate(dataset.electrodes):
        if column < 0:
            continue
        values = {name: _plain(getattr(found, name)[place]) for name in _MEASURES}
        name = dataset.columns[column] if dataset.columns else ""
        findings = tuple(_of_channel(found, place, dataset))
        channels.append(Channel(divmod(place, columns), column, name, values, findings))
    return Quality(
        dataset.grid, dataset.unit, tuple(channels), tuple(_of_array(found, dataset)), _notes(found)
    )


_MEASURES = (
    *("rms", "offset", "wander", "still", "clipped", "hum", "hum_hz", "alike"),
    *("snr_db", "drift", "between"),
)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _middle(values: Numbers) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _of_channel(found: Measures, place: int, dataset: Dataset) -> list[Finding]:
    """What is wrong with one electrode, beside the others."""
    if found.still[place] > _STILL:
        return [
            Finding("constant", FAIL, f"the value does not change in {found.still[place]:.0%} of the time")
        ]
    findings = []
    usual, rms = _middle(found.rms[found.still <= _STILL]), found.rms[place]
    clipped, hum = found.clipped[place], found.hum[place]
    if clipped > _CLIPPED_WARN:
        severity = FAIL if clipped > _CLIPPED_FAIL else WARN
        findings.append(
            Finding("clipped", severity, f"{clipped:.1%} of the samples are at an end of the range")
        )
    if hum > _HUM_FAIL:
        text = f"{hum:.0%} of its power is {found.hum_hz[place]:g} Hz hum and its harmonics"
        findings.append(Finding("hum", FAIL, text))
    if rms < _SILENT * usual:
        text = f"{usual / max(rms, 1e-12):,.0f} times weaker than the others: is it connected?"
        findings.append(Finding("silent", FAIL, text))
    if rms > _LOUD * usual:
        text = f"{rms / usual:,.0f} times stronger than the others: is it connected?"
        findings.append(Finding("loud", FAIL, text))
    if found.twin[place] >= 0:
        other = divmod(int(found.twin[place]), dataset.grid[1])
        text = f"the same signal as at row {other[0]} column {other[1]}: is there a bridge of gel?"
        findings.append(Finding("twin", FAIL, text))
    if _middle(found.alike) > _ALIKE_ARRAY and found.alike[place] < _ALIKE_LEAST:
        text = f"correlation {found.alike[place]:.2f} with its neighbours, where others have {_middle(found.alike):.2f}"
        findings.append(Finding("apart", FAIL, text))
    if abs(found.drift[place]) > _DRIFT:
        text = f"{_times(found.drift[place])} at the end of a session than at its begin"
        findings.append(Finding("drift", FAIL, text))
    if dataset.unit == MILLIVOLTS and usual <= _HIGHEST_MV and found.wander[place] > _WANDER_MV:
        text = f"its offset differs by {found.wander[place]:.0f} mV between recordings"
        findings.append(Finding("wander", WARN, text))
    return findings


def _of_array(found: Measures, dataset: Dataset) -> list[Finding]:
    """What is wrong with all electrodes together."""
    findings, live = [], found.still <= _STILL
    rms, hum, offset = _middle(found.rms[live]), _middle(found.hum[live]), _middle(np.abs(found.offset))
    known = dataset.unit == MILLIVOLTS
    if known and rms > _HIGHEST_MV:
        text = f"{rms:,.3g} mV RMS, where EMG reaches 1.5 mV: are these microvolts or counts of a converter?"
        findings.append(Finding("unit", FAIL, text))
    if known and 0 < rms < _LOWEST_MV:
        text = f"{rms * 1e3:.2g} uV RMS, which is below the noise of an amplifier: are these volts?"
        findings.append(Finding("unit", FAIL, text))
    if known and rms <= _HIGHEST_MV and offset > _OFFSET_MV:
        text = f"an offset of {offset:,.0f} mV: keep `detrend` or a band-pass in the preprocessing"
        findings.append(Finding("offset", WARN, text))
    if hum > _HUM_ARRAY:
        text = f"{hum:.0%} of the power is {_middle(found.hum_hz[live]):g} Hz hum: a notch (notch_hz) takes it out"
        findings.append(Finding("hum", WARN, text))
    if _middle(found.snr_db[live]) < _SNR_ARRAY_DB:
        text = f"gestures are {_middle(found.snr_db[live]):.1f} dB above rest: are the labels where the gestures are?"
        findings.append(Finding("snr", WARN, text))
    return findings


def _notes(found: Measures) -> tuple[str, ...]:
    away = np.abs(found.between)
    if not np.nanmax(away, initial=0.0) > _BETWEEN:
        return ()
    moved = int((away > _BETWEEN).sum())
    farthest = found.between[np.nanargmax(away)]
    return (
        f"from session to session the same gestures change by more than {np.exp(_BETWEEN):g} times at {moved} of "
        f"{np.isfinite(away).sum()} electrodes (at most {_times(farthest)}): train on several, or finetune",
    )


def _times(logarithm: float) -> str:
    return f"{np.exp(abs(logarithm)):.1f} times {'stronger' if logarithm > 0 else 'weaker'}"
