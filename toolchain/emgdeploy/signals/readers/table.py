"""Recordings of one's own: files that `dataset.toml` beside them describes.

sample_rate_hz = 1000
grid = [4, 8]              # electrodes row by row are the columns that can be, unless `electrodes` says which
labels = ["rest", "fist"]
unit = "uV"                # also mV (the default), V, counts
scale = 1.0                # of these for each number in the file

[[recordings]]
pattern = "day{session}/{label}-{repetition}.csv"   # or file = "day1/fist-3.csv" and what is to be known of it
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import content, csl, described, sheets, trials
from emgdeploy.signals.readers.columns import Sheet, aligned, choose, free_columns
from emgdeploy.signals.readers.described import HINT, UNITS, Description, Entry
from emgdeploy.signals.readers.sheets import Loaded
from emgdeploy.signals.recordings import COUNTS, MILLIVOLTS, UNUSED, Dataset, Recording
from emgdeploy.signals.resample import at_ratio, ratio

DESCRIPTION = described.DESCRIPTION
# The share by which a file's own rate may differ from the one that is written down.
_CLOCK = 0.02


def read(folder: Path, subjects: Collection[int] | None, sessions: Collection[int] | None) -> Dataset:
    """Every described recording of the given subjects and sessions (all of them where None).

    Raises InputError that names the file and what is wrong with it.
    """
    return of_description(described.load(folder), subjects, sessions)


def of_description(
    wanted: Description, subjects: Collection[int] | None = None, sessions: Collection[int] | None = None
) -> Dataset:
    """As `read`, of a description at hand."""
    kept = [
        entry
        for entry in wanted.entries
        if (subjects is None or entry.head["subject"] in subjects)
        and (sessions is None or entry.head["session"] in sessions)
    ]
    if not kept:
        raise InputError(f"{wanted.path}: it describes no such recordings", HINT)
    loaded = [sheets.load(entry, wanted) for entry in kept]
    rows, columns = wanted.grid
    places = min(max(rows * columns, 0), 1 << 16)
    chosen = choose(aligned([one.sheet for one in loaded]), wanted.electrodes, places, kept[0].rate_hz)
    unit, scale, notes, doubts = _scale(wanted, loaded[0], chosen.electrodes)
    recordings: list[Recording] = []
    for samples, one, entry in zip(chosen.samples, loaded, kept, strict=True):
        whole = Recording(samples * np.float32(scale), one.classes, **entry.head)
        recordings += _trials(whole, one, entry, wanted.rate_hz)
    dataset = Dataset(
        "files",
        tuple(recordings),
        wanted.labels,
        wanted.rate_hz,
        wanted.grid,
        chosen.electrodes,
        scale,
        unit,
        chosen.names,
        notes=(*chosen.notes, *notes, *[one.note for one in loaded[:1] if one.note]),
        doubts=(*chosen.doubts, *doubts, *_of_rate(loaded[0], kept[0]), *_unseen(wanted, kept, loaded)),
    )
    default_preprocess(dataset)  # a grid or rate that makes no sense is said now
    return dataset


def _trials(whole: Recording, one: Loaded, entry: Entry, rate_hz: float) -> list[Recording]:
    """The trials of a recording, at the rate of all."""
    begin, end = (entry.fields.get(name) for name in ("start_s", "end_s"))
    for name, value in (("start_s", begin), ("end_s", end)):
        if value is not None and (type(value) not in (int, float) or not 0 <= value < 1e9):
            raise InputError(f"{entry.place}: {name} must be a number of seconds", HINT)
    part = slice(round((begin or 0) * entry.rate_hz), None if end is None else round(end * entry.rate_hz))
    whole = replace(whole, samples=whole.samples[part], labels=whole.labels[part], start=part.start)
    if not len(whole.samples):
        raise InputError(f"{entry.place}: nothing of it lies between start_s and end_s", HINT)
    found = [whole]
    if one.repetitions is not None:
        found = trials.by_repetition(whole, one.repetitions[part])
    elif "cut" in entry.fields:
        found = trials.by_label(whole)
    if entry.rate_hz == rate_hz:
        return found
    return [at_ratio(recording, ratio(entry.rate_hz, rate_hz)) for recording in found]


def _scale(
    wanted: Description, first: Loaded, electrodes: Sequence[int]
) -> tuple[str, float, list[str], list[str]]:
    """The unit of the samples, what makes them of the numbers in the files, and notes and doubts of that."""
    said = {first.units[column] for column in electrodes if 0 <= column < len(first.units)} - {""}
    told, unit = (said.pop() if len(said) == 1 else ""), wanted.unit
    notes, doubts = [], []
    if told and unit is None and wanted.scale == 1.0:
        unit = told
        notes.append(f"{first.sheet.file.name}: the file says that samples are in {told}")
    elif told and unit is not None and unit != told and wanted.scale == 1.0:
        doubts.append(
            f"{first.sheet.file.name}: the file says {told}, {DESCRIPTION} says {unit}; which is right?"
        )
    unit = unit or MILLIVOLTS
    known = (COUNTS, wanted.scale) if unit == COUNTS else (MILLIVOLTS, wanted.scale * UNITS[unit])
    return (*known, notes, doubts)


def _unseen(wanted: Description, kept: Sequence[Entry], loaded: Sequence[Loaded]) -> list[str]:
    """A doubt where columns or arrays of classes leave one out, as numbers that begin with 1 do with the first label."""
    if all("label" in entry.fields for entry in kept):
        return []
    seen = np.unique(np.concatenate([np.unique(one.classes) for one in loaded]))
    left = [label for number, label in enumerate(wanted.labels) if number not in seen]
    if not left:
        return []
    return [
        f"no sample is of the class {', '.join(left)}: numbers of classes count from 0; label_map says what others are called"
    ]


def _of_rate(first: Loaded, entry: Entry) -> list[str]:
    if first.rate_hz is None or abs(first.rate_hz / entry.rate_hz - 1) <= _CLOCK:
        return []
    return [
        f"{first.sheet.file.name}: the file says {first.rate_hz:g} Hz, {DESCRIPTION} says {entry.rate_hz:g} Hz; "
        "which is right?"
    ]


def read_one(file: Path, rate_hz: float, grid: tuple[int, int] | None, unit: str) -> Dataset:
    """One file of samples without a description or classes: a row for each sampling interval, a column for each
    electrode but for a time or a counter. grid: of the electrodes; None is one row of all there are. Raises InputError.
    """
    described.check_unit(unit)
    found = content.read(file, (arrayfile.ONLY,), HINT)
    wanted = 1 if grid is None else grid[0] * grid[1]
    values, note = content.matrix(found, arrayfile.ONLY, wanted, None, file, HINT)
    sheet = Sheet(file, values, found.names)
    places = len(free_columns(sheet)) if grid is None else wanted
    chosen = choose([sheet], None, places, rate_hz)
    samples = chosen.samples[0] * np.float32(UNITS[unit])
    recording = Recording(samples, np.full(len(samples), UNUSED, np.int64), 1, 1, 1, name=file.name)
    return Dataset(
        file.name,
        (recording,),
        (),
        rate_hz,
        grid or (1, places),
        chosen.electrodes,
        UNITS[unit],
        COUNTS if unit == COUNTS else MILLIVOLTS,
        chosen.names,
        notes=(*chosen.notes, *([note] if note else [])),
        doubts=(*chosen.doubts, *_of_unit(found.units, unit, file)),
    )


def _of_unit(said: Sequence[str], unit: str, file: Path) -> list[str]:
    told = set(said) - {"", unit}
    return [f"{file.name}: the file says {' and '.join(sorted(told))}, taken are {unit}"] if told else []


def default_preprocess(dataset: Dataset) -> Preprocess:
    """As for CSL-HDEMG, without the band-pass where the rate is too low for it."""
    rate = dataset.sample_rate_hz
    if rate > 1000:
        return csl.default_preprocess(dataset)
    return Preprocess(
        sample_rate_hz=rate,
        grid=dataset.grid,
        electrodes=dataset.electrodes,
        window_ms=100.0,
        stride_ms=50.0,
        image="rms",
        detrend=rate >= 20,
        log_epsilon=1e-3,
        normalise="global",
    )
