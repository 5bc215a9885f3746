"""A recording that `dataset.toml` describes, read: its columns, and the class and repetition of each sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.readers import content
from emgdeploy.signals.readers.columns import Sheet
from emgdeploy.signals.readers.content import Content
from emgdeploy.signals.readers.described import HINT, Description, Entry
from emgdeploy.signals.recordings import UNUSED

_FEW = 12


@dataclass(frozen=True)
class Loaded:
    """sheet: the columns; classes: (S,) of each sample; repetitions: (S,) or None; units, rate_hz: as the file says;
    note: how it was read, or ""."""

    sheet: Sheet
    classes: NDArray[np.int64]
    repetitions: NDArray[np.int64] | None
    units: tuple[str, ...]
    rate_hz: float | None
    note: str


def load(entry: Entry, wanted: Description) -> Loaded:
    """Raises InputError naming the file and what is wrong with it."""
    fields, file = entry.fields, entry.file
    name = fields.get("samples_array", arrayfile.ONLY)
    others = tuple(fields[key] for key in ("label_array", "repetition_array") if key in fields)
    names = tuple(one for one in (name, *others) if isinstance(one, str))
    found = content.read(file, names, HINT)
    samples = _length(found, others, file)
    values, note = content.matrix(found, name, wanted.grid[0] * wanted.grid[1], samples, file, HINT)
    known = len(found.names) == values.shape[1]
    sheet = Sheet(file, values, found.names if known else ())
    sheet, classes = _labelled(sheet, found, entry, wanted)
    repetitions = _repetitions(sheet, found, entry)
    return Loaded(sheet, classes, repetitions, found.units if known else (), found.rate_hz, note)


def _length(found: Content, names: Sequence[object], file: Path) -> int | None:
    """How many samples the arrays have that say something of each."""
    return next((arrayfile.one(found.arrays, name, file, HINT).size for name in names), None)


def _labelled(
    sheet: Sheet, found: Content, entry: Entry, wanted: Description
) -> tuple[Sheet, NDArray[np.int64]]:
    fields, file, count = entry.fields, entry.file, len(sheet.values)
    if "label" in fields:
        name = wanted.label_map.get(str(fields["label"]), fields["label"])
        if name not in ("", *wanted.labels):
            raise InputError(
                f"{entry.place}: there is no label {name!r:.60}",
                f"labels are: {', '.join(wanted.labels)}; label_map translates others",
            )
        return sheet, np.full(count, wanted.labels.index(name) if name else UNUSED, np.int64)
    if "label_array" in fields:
        return sheet, _classes(
            _vector(arrayfile.one(found.arrays, fields["label_array"], file, HINT)), count, wanted, file
        )
    column = sheet.column(fields["label_column"], "the label")
    sheet = replace(sheet, label_column=column)
    if column in found.texts:
        return sheet, _named_classes(found.texts[column], wanted, file)
    return sheet, _classes(sheet.values[:, column], count, wanted, file)


def _vector(value: NDArray[Any]) -> NDArray[Any]:
    return value.reshape(-1) if 1 in value.shape else value  # MATLAB's vectors are matrices


def _classes(named: NDArray[Any], samples: int, wanted: Description, file: Path) -> NDArray[np.int64]:
    """(S,) the class of each sample."""
    if named.dtype.kind in "US" and named.shape == (samples,):
        return _named_classes([str(name) for name in named.astype(np.str_)], wanted, file)
    numbered = any(name.lstrip("-").isdecimal() for name in wanted.label_map)
    most = np.inf if numbered else len(wanted.labels)
    right = named.shape == (samples,) and named.dtype.kind in "iuf" and np.isfinite(named).all()
    if not right or not np.all((named == np.round(named)) & (named >= UNUSED) & (named < most)):
        raise InputError(
            f"{file}: each sample's class must be a whole number from -1 (none) to {len(wanted.labels) - 1}, "
            "or one of the labels",
            'label_map says what other numbers are called, as in { 1 = "fist", 99 = "" }',
        )
    if not numbered:
        return named.astype(np.int64)
    numbers, index = np.unique(named.astype(np.int64), return_inverse=True)
    names = ["" if number == UNUSED else str(number) for number in numbers]
    return _named_classes(names, wanted, file)[index]


def _named_classes(names: Sequence[str], wanted: Description, file: Path) -> NDArray[np.int64]:
    """(S,) the class of each sample; an empty cell is none."""
    numbers = {"": UNUSED, **{label: number for number, label in enumerate(wanted.labels)}}
    numbers |= {name: numbers[label] for name, label in wanted.label_map.items()}
    unknown = sorted({name for name in names if name not in numbers})
    if unknown:
        shown = ", ".join(repr(name)[:60] for name in unknown[:_FEW])
        raise InputError(
            f"{file}: there is no label {shown}",
            f"labels are: {', '.join(wanted.labels)}; label_map translates others",
        )
    return np.array([numbers[name] for name in names], np.int64)


def _repetitions(sheet: Sheet, found: Content, entry: Entry) -> NDArray[np.int64] | None:
    """(S,) the repetition that each sample belongs to, 0 for none."""
    fields, file = entry.fields, entry.file
    if "repetition_array" in fields:
        values = _vector(arrayfile.one(found.arrays, fields["repetition_array"], file, HINT))
    elif "repetition_column" in fields:
        values = sheet.values[:, sheet.column(fields["repetition_column"], "the repetition")]
    else:
        return None
    right = values.shape == (len(sheet.values),) and values.dtype.kind in "iuf"
    values = np.nan_to_num(values) if right else values
    if not right or not np.all((values == np.round(values)) & (values >= 0) & (values < 1 << 31)):
        raise InputError(
            f"{file}: each sample's repetition must be a whole number from 1, or 0 for none", HINT
        )
    return values.astype(np.int64)
