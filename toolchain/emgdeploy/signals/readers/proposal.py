"""A `dataset.toml` for a folder of recordings: what files and their names say, and what only people can."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.readers import content, described, naming_scheme, patterns, table
from emgdeploy.signals.readers.columns import Sheet, free_columns, own_rate
from emgdeploy.signals.readers.content import Content
from emgdeploy.signals.readers.naming_scheme import Scheme
from emgdeploy.signals.recordings import Dataset

_CLASS_NAMES = ("label", "labels", "class", "gesture", "restimulus", "stimulus", "movement", "y")
_REPETITION_NAMES = ("repetition", "rerepetition", "rep", "trial")
# What readers of formats that say the classes call them.
_OWN_CLASSES = ("annotations", "markers", "labels")
_HINT = "name a folder of recordings; docs/data.md lists the kinds of files"


@dataclass(frozen=True)
class Told:
    """What the user says, None where nothing. label, repetition: the column by number or name; samples, label_array: arrays
    of files that have several."""

    rate_hz: float | None = None
    grid: tuple[int, int] | None = None
    unit: str | None = None
    pattern: str | None = None
    labels: tuple[str, ...] | None = None
    label: int | str | None = None
    repetition: int | str | None = None
    samples: str = arrayfile.ONLY
    label_array: str | None = None


@dataclass(frozen=True)
class Proposal:
    """text: of `dataset.toml`. missing: options that only the user can give, option -> question. notes: what was found;
    doubts: what was guessed."""

    text: str
    missing: dict[str, str]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


@dataclass
class _Found:
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def propose(folder: Path, told: Told) -> Proposal:
    """Look at the files below `folder`. Raises InputError where there are none, or the first cannot be read."""
    names, found = _files(folder), _Found()
    scheme = naming_scheme.of_pattern(told.pattern, names) if told.pattern else naming_scheme.guess(names)
    first = next((name for name in names if name not in scheme.missed), None)
    if first is None:
        raise InputError(f"{folder}: no file is named as {scheme.pattern!r:.80} says", f"there is {names[0]}")
    found.notes.append(f"{len(names) - len(scheme.missed):,} files are named as {scheme.pattern} says")
    if scheme.missed:
        found.doubts.append(
            f"{len(scheme.missed):,} files have other names and are left out: {scheme.missed[0]}"
        )
    file = folder / first
    one, sheet = _sheet(file, told)
    labels, entry, mapped, taken = _classes(folder, names, scheme, sheet, one, told, found)
    rate, unit = _rate(sheet, one, told, found), _unit(one, told, found)
    grid = told.grid or _grid(sheet, taken, found)
    head = {
        "sample_rate_hz": f"{rate:g}" if rate else "0",
        "grid": f"[{grid[0]}, {grid[1]}]",
        "labels": json.dumps(list(labels), ensure_ascii=False),
        "unit": json.dumps(unit),
        **({"label_map": mapped} if mapped else {}),
    }
    lines = [f"{name} = {value}" for name, value in head.items()] + ["", "[[recordings]]"]
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in entry.items()]
    return Proposal("\n".join(lines) + "\n", found.missing, tuple(found.notes), tuple(found.doubts))


def read(text: str, folder: Path) -> Dataset:
    """The recordings that this description gives. Raises InputError as `table.read` does."""
    path = folder / described.DESCRIPTION
    return table.of_description(described.of_fields(tomllib.loads(text), path))


def _files(folder: Path) -> list[str]:
    """The files of the kind that most are of."""
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder", _HINT)
    known = [name for name in patterns.files_below(folder) if Path(name).suffix.lower() in content.SUFFIXES]
    if not known:
        raise InputError(
            f"{folder}: holds no recordings", f"files that are read: {', '.join(content.SUFFIXES)}"
        )
    most = Counter(Path(name).suffix.lower() for name in known).most_common(1)[0][0]
    return [name for name in known if Path(name).suffix.lower() == most]


def _classes(
    folder: Path, names: list[str], scheme: Scheme, sheet: Sheet, one: Content, told: Told, found: _Found
) -> tuple[tuple[str, ...], dict[str, int | str], str, set[int]]:
    """Labels, the entry of the recordings, the label map, and the columns that are no electrodes by this."""
    entry: dict[str, int | str] = {"pattern": scheme.pattern}
    if told.samples != arrayfile.ONLY:
        entry["samples_array"] = told.samples
    if scheme.labels and told.label is None and told.label_array is None:
        labels = told.labels or scheme.labels
        if len(scheme.labels) == len(names) - len(scheme.missed) > 2:
            found.doubts.append("each file is a gesture of its own, by its name; --pattern says otherwise")
        return labels, entry, _left_out(scheme.labels, labels), set()
    wanted: int | str | None = told.label
    if wanted is None and told.label_array is None:
        wanted = next((name for name in sheet.names if name.lower() in _CLASS_NAMES), None)
    if wanted is None and told.label_array is None:
        own = next(
            (name for name in _OWN_CLASSES if name in one.arrays and np.unique(one.arrays[name]).size > 1),
            None,
        )
        told = replace(told, label_array=own)
    if wanted is None and told.label_array is None:
        found.missing["--label-column COLUMN"] = (
            "which column says the class (or --label-array, or --pattern where names do)"
        )
        return told.labels or ("rest",), entry, "", set()
    taken = set() if wanted is None else {sheet.column(wanted, "the label")}
    entry |= {"label_array": told.label_array} if told.label_array is not None else {}
    entry |= {"label_column": wanted} if wanted is not None else {}
    if "repetitions" in one.arrays and told.label_array in _OWN_CLASSES:
        entry["repetition_array"] = "repetitions"
    else:
        _divided(entry, taken, scheme, sheet, told)
    seen = set().union(
        *(_values_of(folder / name, wanted, told) for name in names if name not in scheme.missed)
    )
    labels, mapped = _named(seen, told)
    return labels, entry, mapped, taken


def _divided(entry: dict[str, int | str], taken: set[int], scheme: Scheme, sheet: Sheet, told: Told) -> None:
    """How a file that holds several trials is cut into them."""
    repetition: int | str | None = told.repetition
    if repetition is None:
        repetition = next((name for name in sheet.names if name.lower() in _REPETITION_NAMES), None)
    if repetition is not None:
        taken.add(sheet.column(repetition, "the repetition"))
        entry["repetition_column"] = repetition
    elif "{repetition}" not in scheme.pattern:
        entry["cut"] = "labels"


def _named(seen: set[str], told: Told) -> tuple[tuple[str, ...], str]:
    """Labels for the classes in the files, and the label map. Raises UsageError where there are not as many."""
    if not all(value.lstrip("-").isdecimal() for value in seen):
        there = naming_scheme.rest_first(seen - {""})
        labels = told.labels or there
        return labels, _left_out(there, labels)
    ordered = sorted(seen - {"-1"}, key=int)
    labels = told.labels or tuple(f"class {value}" for value in ordered)
    if len(labels) != len(ordered):
        raise UsageError(
            f"{len(labels)} labels for the classes {', '.join(ordered)}",
            "give --labels, one for each, in this order",
        )
    pairs = [
        f"{json.dumps(value)} = {json.dumps(label, ensure_ascii=False)}"
        for value, label in zip(ordered, labels, strict=True)
    ]
    return labels, f"{{ {', '.join(pairs)} }}"


def _sheet(file: Path, told: Told) -> tuple[Content, Sheet]:
    names = (told.samples, *([told.label_array] if told.label_array else []))
    one = content.read(file, names, _HINT)
    values, _ = content.matrix(one, told.samples, 1, None, file, _HINT)
    return one, Sheet(file, values, one.names if len(one.names) == values.shape[1] else ())


def _values_of(file: Path, wanted: int | str | None, told: Told) -> set[str]:
    """The classes of a file, as text."""
    one, sheet = _sheet(file, told)
    if wanted is None:
        values = arrayfile.one(one.arrays, told.label_array, file, _HINT)
    else:
        column = sheet.column(wanted, "the label")
        if column in one.texts:
            return set(one.texts[column])
        values = sheet.values[:, column]
    return {str(value) if values.dtype.kind in "US" else f"{value:g}" for value in np.unique(values)}


def _left_out(there: tuple[str, ...], labels: tuple[str, ...]) -> str:
    """A label map for those that the user does not want."""
    others = [json.dumps(name, ensure_ascii=False) + ' = ""' for name in there if name not in labels]
    return f"{{ {', '.join(others)} }}" if others else ""


def _rate(sheet: Sheet, one: Content, told: Told, found: _Found) -> float | None:
    rate = told.rate_hz or one.rate_hz
    if rate is None and (rate := own_rate(sheet)) is not None:
        found.doubts.append(
            f"the rate of {rate:g} Hz is that of the time in {sheet.file.name}; --rate says another"
        )
    elif rate is not None and told.rate_hz is None:
        found.notes.append(f"{sheet.file.name} says {rate:g} Hz")
    if rate is None:
        found.missing["--rate HZ"] = "samples per second"
    return rate


def _unit(one: Content, told: Told, found: _Found) -> str:
    said = set(one.units) & set(described.UNITS)
    if told.unit is None and len(said) != 1:
        found.missing["--unit UNIT"] = f"the unit of the numbers: {', '.join(described.UNITS)}"
    return told.unit or (said.pop() if len(said) == 1 else "counts")


def _grid(sheet: Sheet, taken: set[int], found: _Found) -> tuple[int, int]:
    places = len([column for column in free_columns(sheet) if column not in taken])
    found.doubts.append(
        f"{places} electrodes are taken as one row; --grid RxC says how they lie, and a network sees neighbours by it"
    )
    return 1, places
