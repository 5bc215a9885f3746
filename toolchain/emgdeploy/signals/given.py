"""Samples that a user gives to a build: brought to the electrodes, the rate and the unit that it was made for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.arrayfile import ONLY
from emgdeploy.signals.matching import Matched, at_rate, match
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import content
from emgdeploy.signals.readers.content import Content
from emgdeploy.signals.readers.described import UNITS
from emgdeploy.signals.recordings import COUNTS, MILLIVOLTS, UNUSED, Dataset, Recording
from emgdeploy.signals.repair import repair
from emgdeploy.signals.sources.feed import About

_HINT = "samples are one row per sampling interval, one column per channel; docs/data.md lists the files that are read"
# The share by which a file's own rate may differ from another that is said.
_CLOCK = 0.02


@dataclass(frozen=True)
class Reading:
    """How the columns of a file or stream are read. columns: of one sample, None for any number from `least`;
    preprocess: with the electrodes among them; names: of the columns trained on, () where they have none or the user
    says other electrodes; unit: trained on. scale_said, rate_said: the user says them, so that no file can."""

    preprocess: Preprocess
    columns: int | None
    scale: float
    sample_rate_hz: float
    names: tuple[str, ...] = ()
    unit: str = MILLIVOLTS
    scale_said: bool = False
    rate_said: bool = False

    @property
    def least(self) -> int:
        """Columns that the electrodes need."""
        return max(self.preprocess.electrodes) + 1


def reading(
    preprocess: Preprocess,
    acquisition: Acquisition | None,
    scale: float | None,
    rate_hz: float | None,
    electrodes: tuple[int, ...] | None,
) -> Reading:
    """As the recordings were that the build was trained on (acquisition), except where the user says otherwise.

    electrodes: the column of each place of the grid. Raises UsageError where they are not as many.
    """
    columns = acquisition.channels if acquisition is not None else None
    names = acquisition.names if acquisition is not None else ()
    if electrodes is not None:
        if len(electrodes) != len(preprocess.electrodes):
            raise UsageError(
                f"--electrodes names {len(electrodes)} columns, the grid has {len(preprocess.electrodes)} places",
                "name a column for each place, row by row; -1 where there is none",
            )
        preprocess, columns, names = replace(preprocess, electrodes=electrodes), None, ()
    known, unit = (1.0, preprocess.sample_rate_hz), MILLIVOLTS
    if acquisition is not None:
        known, unit = (acquisition.scale, acquisition.sample_rate_hz), acquisition.unit
    said = (scale is not None, rate_hz is not None)
    return Reading(preprocess, columns, scale or known[0], rate_hz or known[1], names, unit, *said)


def of_source(about: About, how: Reading) -> Reading:
    """As a live source says of itself, where the user says nothing else.

    Raises UsageError where the user contradicts the source, InputError where its samples cannot be the model's.
    """
    if how.rate_said and about.sample_rate_hz not in (None, how.sample_rate_hz):
        raise UsageError(
            f"{about.title} sends {about.sample_rate_hz:g} Hz, --rate says {how.sample_rate_hz:g}",
            "leave --rate out",
        )
    how = replace(how, sample_rate_hz=about.sample_rate_hz or how.sample_rate_hz)
    if about.scale is not None and not how.scale_said:
        how = replace(how, scale=about.scale)
    electrodes = _by_name(how, about.names)
    if electrodes is not None:
        how = replace(how, preprocess=replace(how.preprocess, electrodes=electrodes), columns=None)
    if about.columns is not None:
        if about.columns < how.least or how.columns not in (None, about.columns):
            wanted = how.columns if how.columns is not None else f"{how.least} or more"
            raise InputError(
                f"{about.title} has {about.columns} channels, the model takes {wanted}",
                "say with --electrodes which of them are the electrodes, or set the source to as many",
            )
        how = replace(how, columns=about.columns)
    if how.sample_rate_hz != how.preprocess.sample_rate_hz:
        raise InputError(
            f"{about.title}: samples of {how.sample_rate_hz:g} Hz come one by one, "
            f"the model takes {how.preprocess.sample_rate_hz:g} Hz",
            "set the source to the model's rate (--rate says it of one that does not say it itself), or record to a "
            "file, which is resampled",
        )
    return how


def from_file(path: Path, how: Reading, array: str = ONLY) -> tuple[Matched, str]:
    """The samples of a file, of any kind that recordings may have, as a data set of one recording, and what they were
    taken for. array: which, of a file with several.

    What the file says of its rate, unit and columns counts where the user says nothing. Raises InputError for other
    columns than those trained on, or a rate that is too low.
    """
    found = content.read(path, (array,), _HINT)
    raw, note = content.matrix(found, array, how.least, None, path, _HINT)
    how, doubts = _as_said(how, found, path)
    if raw.shape[1] < how.least or how.columns not in (None, raw.shape[1]):
        wanted = how.columns if how.columns is not None else f"{how.least} or more"
        raise InputError(
            f"{path}: has {raw.shape[1]} columns, the recordings that the model was trained on have {wanted}",
            "give a file of the same columns, or say with --electrodes which of them are the electrodes",
        )
    taken = f"{path.name}: {raw.shape[1]} columns at {how.sample_rate_hz:g} Hz, one unit is {how.scale:g} mV"
    with np.errstate(over="ignore"):  # what no float32 holds is a bad sample
        samples = raw.astype(np.float32) * np.float32(how.scale)
    recording = Recording(samples, np.full(len(raw), UNUSED, np.int64), 1, 1, 1, name=path.name)
    preprocess = how.preprocess
    dataset = Dataset(
        "samples", (recording,), (), how.sample_rate_hz, preprocess.grid, preprocess.electrodes, how.scale
    )
    if how.sample_rate_hz != preprocess.sample_rate_hz:  # a bad sample must not spread over its neighbours
        good = repair(recording.samples, preprocess.range_mv).signal
        dataset = replace(dataset, recordings=(replace(recording, samples=good),))
    matched = at_rate(dataset, preprocess)
    notes = (*([note] if note else []), *matched.notes)
    return replace(matched, notes=notes, doubts=(*doubts, *matched.doubts)), taken


def _as_said(how: Reading, found: Content, path: Path) -> tuple[Reading, list[str]]:
    """What the file says itself, where the user says nothing else; and what is doubtful then."""
    doubts = []
    if found.rate_hz is not None and abs(found.rate_hz / how.sample_rate_hz - 1) > _CLOCK:
        if how.rate_said:
            doubts.append(
                f"{path.name} says {found.rate_hz:g} Hz, --rate says {how.sample_rate_hz:g} Hz; which is right?"
            )
        else:
            how = replace(how, sample_rate_hz=found.rate_hz)
    electrodes = _by_name(how, found.names)
    if electrodes is not None:
        how = replace(how, preprocess=replace(how.preprocess, electrodes=electrodes), columns=None)
    used = [column for column in how.preprocess.electrodes if 0 <= column < len(found.units)]
    units = {found.units[column] for column in used} & set(UNITS)
    if len(units) != 1:
        return how, doubts
    (unit,) = units
    if (unit == COUNTS) != (how.unit == COUNTS):
        doubts.append(f"{path.name} says {unit}, the model was trained on {how.unit}")
    elif unit == COUNTS:
        pass
    elif not how.scale_said:
        how = replace(how, scale=UNITS[unit])
    elif not np.isclose(how.scale, UNITS[unit]):
        doubts.append(f"{path.name} says {unit}, --scale says {how.scale:g} mV; which is right?")
    return how, doubts


def _by_name(how: Reading, names: tuple[str, ...]) -> tuple[int, ...] | None:
    """The column of each electrode where a file or source has columns of the same names as those trained on."""
    if not how.names or len(set(names)) != len(names):
        return None
    wanted = [how.names[column] if column >= 0 else None for column in how.preprocess.electrodes]
    if any(name is not None and name not in names for name in wanted):
        return None
    return tuple(-1 if name is None else names.index(name) for name in wanted)


def of_dataset(
    dataset: Dataset, chosen: str, preprocess: Preprocess, acquisition: Acquisition | None
) -> tuple[Matched, Recording]:
    """A recording by number (from 1) or file name, with the data set's own electrodes, unit and rate.

    Raises UsageError when there is none of that name, InputError where it does not suit the model.
    """
    recordings = dataset.recordings
    if chosen.isdecimal() and 1 <= int(chosen) <= len(recordings):
        found = recordings[int(chosen) - 1]
    else:
        named = [recording for recording in recordings if chosen and chosen == recording.name]
        if not named:
            names = [recording.name for recording in recordings if recording.name]
            raise UsageError(
                f"{dataset.name} has no recording {chosen!r:.80}",
                f"a number from 1 to {len(recordings)}"
                + (f", or a name such as {names[0]}" if names else ""),
            )
        found = named[0]
    matched = match(replace(dataset, recordings=(found,)), preprocess, acquisition, None)
    return matched, matched.dataset.recordings[0]
