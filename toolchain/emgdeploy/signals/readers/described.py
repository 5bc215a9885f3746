"""`dataset.toml`: what its words mean, and whether they can be. docs/data.md describes it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.signals.readers import patterns
from emgdeploy.signals.recordings import COUNTS, MILLIVOLTS

DESCRIPTION = "dataset.toml"
HINT = "docs/data.md shows a dataset.toml"
UNITS = {MILLIVOLTS: 1.0, "uV": 1e-3, "V": 1e3, COUNTS: 1.0}
"""Millivolts of each unit."""
_COUNTS = ("subject", "session", "trial", "repetition")
_KEYS = (
    *("file", "pattern", "label", "label_column", "label_array", "samples_array", "part", *_COUNTS),
    *("repetition_column", "repetition_array", "cut", "sample_rate_hz", "start_s", "end_s"),
)
_HEAD = ("sample_rate_hz", "grid", "electrodes", "labels", "label_map", "scale", "unit", "recordings")


@dataclass(frozen=True)
class Entry:
    """A recording. place: how messages call it; file: below the folder; head: subject, session, trial, repetition,
    part, name; fields: the rest as written; rate_hz: its own, or that of all."""

    place: str
    file: Path
    head: dict[str, Any]
    fields: dict[str, Any]
    rate_hz: float


@dataclass(frozen=True)
class Description:
    """unit: None where nothing is said. label_map: what names in files are called, "" for no class."""

    path: Path
    rate_hz: float
    grid: tuple[int, int]
    electrodes: tuple[int | str, ...] | None
    labels: tuple[str, ...]
    label_map: dict[str, str]
    unit: str | None
    scale: float
    entries: tuple[Entry, ...]


def load(folder: Path) -> Description:
    """The description in `folder`. Raises InputError that names the file and what is wrong with it."""
    path = Path(folder) / DESCRIPTION
    return of_fields(bounded.toml(path, HINT), path)


def of_fields(fields: dict[str, Any], path: Path) -> Description:
    """What the tables of the file `path` say. Raises as `load` does."""
    unknown = [name for name in fields if name not in _HEAD]
    if unknown:
        raise InputError(f"{path}: there is no field {unknown[0]!r}", f"fields are: {', '.join(_HEAD)}")
    rows, columns = _list(fields, "grid", (int,), path, 2)
    labels = tuple(_list(fields, "labels", (str,), path))
    if not labels or len(set(labels)) != len(labels):
        raise InputError(f"{path}: labels must be different names", HINT)
    rate = _number(fields, "sample_rate_hz", str(path))
    if "unit" in fields:
        check_unit(fields["unit"], f"{path}: ")
    return Description(
        path,
        rate,
        (rows, columns),
        tuple(_list(fields, "electrodes", (int, str), path)) or None,
        labels,
        _label_map(fields, labels, path),
        fields.get("unit"),
        _number(fields, "scale", str(path), 1.0),
        _entries(fields, path, rate),
    )


def check_unit(unit: object, place: str = "") -> None:
    """Raises InputError for a unit that there is not."""
    if not isinstance(unit, str) or unit not in UNITS:
        raise InputError(f"{place}there is no unit {unit!r:.40}", f"units are: {', '.join(UNITS)}")


def _entries(fields: dict[str, Any], path: Path, rate: float) -> tuple[Entry, ...]:
    found: list[dict[str, Any]] = []
    for number, entry in enumerate(_list(fields, "recordings", (dict,), path), 1):
        place = f"{path}: recording {number}"
        if ("file" in entry) and ("pattern" in entry):
            raise InputError(f"{place}: give one of file and pattern", HINT)
        found += patterns.expand(path.parent, entry, place) if "pattern" in entry else [entry]
    return tuple(_entry(path, number, entry, rate) for number, entry in enumerate(found, 1))


def _entry(path: Path, number: int, entry: dict[str, Any], rate: float) -> Entry:
    place = f"{path}: recording {number}"
    unknown = [name for name in entry if name not in _KEYS]
    if unknown:
        raise InputError(f"{place}: there is no field {unknown[0]!r}", f"fields are: {', '.join(_KEYS)}")
    counts = {"subject": 1, "session": 1, "trial": number, "repetition": 0}
    for name in _COUNTS:
        counts[name] = entry.get(name, counts[name])
        if type(counts[name]) is not int or not 0 <= counts[name] < 1 << 31:
            raise InputError(f"{place}: {name} must be a whole number", HINT)
    part = entry.get("part", "")
    if part not in ("", "train", "test"):
        raise InputError(f"{place}: part must be train or test", HINT)
    ways = [name for name in ("label", "label_column", "label_array") if name in entry]
    if len(ways) != 1:
        raise InputError(f"{place}: give one of label, label_column, label_array", HINT)
    cuts = [name for name in ("repetition", "repetition_column", "repetition_array", "cut") if name in entry]
    if len(cuts) > 1 or entry.get("cut", "labels") != "labels":
        raise InputError(
            f'{place}: give one of repetition, repetition_column, repetition_array, and cut = "labels"', HINT
        )
    head = {**counts, "part": part, "name": str(entry.get("file", ""))}
    own = _number(entry, "sample_rate_hz", place, rate)
    return Entry(place, _inside(path.parent, entry.get("file"), place), head, entry, own)


def _inside(folder: Path, name: object, place: str) -> Path:
    if not isinstance(name, str) or not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{place}: file must name a file below {folder}", HINT)
    return folder / name


def _label_map(fields: dict[str, Any], labels: tuple[str, ...], path: Path) -> dict[str, str]:
    table = fields.get("label_map", {})
    wrong = not isinstance(table, dict) or any(
        value != "" and value not in labels for value in table.values()
    )
    if wrong:
        raise InputError(
            f'{path}: label_map must say of each name in the files which of the labels it is, or ""',
            f"labels are: {', '.join(labels)}",
        )
    return dict(table)


def _list(
    fields: dict[str, Any], name: str, kinds: tuple[type, ...], path: Path, count: int | None = None
) -> list[Any]:
    value = fields.get(name, [])
    right = isinstance(value, list) and all(type(item) in kinds for item in value)
    if not right or (count is not None and len(value) != count):
        words = " or ".join(kind.__name__ for kind in kinds)
        raise InputError(f"{path}: {name} must be a list of {count or ''} {words} values", HINT)
    return list(value)


def _number(fields: dict[str, Any], name: str, place: str, default: float | None = None) -> float:
    value: Any = fields.get(name, default)
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not 0 < value <= sys.float_info.max:
        raise InputError(f"{place}: {name} must be a number above 0", HINT)
    return float(value)
