"""Reader for recordings of one's own: .csv, .npy, .npz and .mat files, described by `dataset.toml` beside them.

sample_rate_hz = 1000
grid = [4, 8]              # electrodes row by row are the columns that can be, unless `electrodes` says which
labels = ["rest", "fist"]
unit = "uV"                # also mV (the default), V, counts
scale = 1.0                # of these for each number in the file

[[recordings]]
file = "day1/fist-3.csv"
label = "fist"             # of every sample; or label_column = 32 (or its name), or, in an .npz or .mat, label_array = "y"
session = 1                # also subject, trial, repetition (from 1), part ("train" or "test")
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import csl, matfile
from emgdeploy.signals.readers.columns import Sheet, aligned, choose, free_columns
from emgdeploy.signals.recordings import COUNTS, MILLIVOLTS, UNUSED, Dataset, Recording

DESCRIPTION = "dataset.toml"
_HINT = "docs/data.md shows a dataset.toml"
_COUNTS = ("subject", "session", "trial", "repetition")
_KEYS = ("file", "label", "label_column", "label_array", "samples_array", "part", *_COUNTS)
_HEAD = ("sample_rate_hz", "grid", "electrodes", "labels", "scale", "unit", "recordings")
# Millivolts of each unit.
_UNITS = {MILLIVOLTS: 1.0, "uV": 1e-3, "V": 1e3, COUNTS: 1.0}


def read(folder: Path, subjects: Collection[int] | None, sessions: Collection[int] | None) -> Dataset:
    """Every described recording of the given subjects and sessions (all of them where None).

    Raises InputError that names the file and what is wrong with it.
    """
    path = Path(folder) / DESCRIPTION
    fields = _fields(path)
    rows, columns = _list(fields, "grid", (int,), path, 2)
    wanted = _list(fields, "electrodes", (int, str), path) or None
    labels = tuple(_list(fields, "labels", (str,), path))
    rate, (unit, scale) = _number(fields, "sample_rate_hz", path), _scale(fields, path)
    if not labels or len(set(labels)) != len(labels):
        raise InputError(f"{path}: labels must be different names", _HINT)
    entries = _list(fields, "recordings", (dict,), path)
    kept = [
        (trial, entry)
        for trial, entry in enumerate(entries, 1)
        if (subjects is None or entry.get("subject", 1) in subjects)
        and (sessions is None or entry.get("session", 1) in sessions)
    ]
    if not kept:
        raise InputError(f"{path}: it describes no such recordings", _HINT)
    heads = [_head(path, trial, entry) for trial, entry in kept]
    sheets, classes = zip(*(_sheet(path, trial, entry, labels) for trial, entry in kept), strict=True)
    chosen = choose(aligned(sheets), wanted, min(max(rows * columns, 0), 1 << 16), rate)
    recordings = tuple(
        Recording(samples * np.float32(scale), y, **head)
        for samples, y, head in zip(chosen.samples, classes, heads, strict=True)
    )
    dataset = Dataset(
        "files",
        recordings,
        labels,
        rate,
        (rows, columns),
        chosen.electrodes,
        scale,
        unit,
        chosen.names,
        notes=chosen.notes,
        doubts=chosen.doubts,
    )
    default_preprocess(dataset)  # a grid or rate that makes no sense is said now
    return dataset


def read_one(file: Path, rate_hz: float, grid: tuple[int, int] | None, unit: str) -> Dataset:
    """One file of samples without a description or classes: a row for each sampling interval, a column for each
    electrode but for a time or a counter. grid: of the electrodes; None is one row of all there are. Raises InputError.
    """
    if unit not in _UNITS:
        raise InputError(f"there is no unit {unit!r:.40}", f"units are: {', '.join(_UNITS)}")
    if arrayfile.is_table(file):
        table = arrayfile.read_table(file, _HINT)
        sheet = Sheet(file, table.values, table.names)
    else:
        arrays = _arrays({}, file)
        sheet = Sheet(file, _matrix(arrayfile.one(arrays, arrayfile.ONLY, file, _HINT), file))
    places = len(free_columns(sheet)) if grid is None else grid[0] * grid[1]
    chosen = choose([sheet], None, places, rate_hz)
    samples = chosen.samples[0] * np.float32(_UNITS[unit])
    recording = Recording(samples, np.full(len(samples), UNUSED, np.int64), 1, 1, 1, name=file.name)
    return Dataset(
        file.name,
        (recording,),
        (),
        rate_hz,
        grid or (1, places),
        chosen.electrodes,
        _UNITS[unit],
        COUNTS if unit == COUNTS else MILLIVOLTS,
        chosen.names,
        notes=chosen.notes,
        doubts=chosen.doubts,
    )


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


def _fields(path: Path) -> dict[str, Any]:
    fields = bounded.toml(path, _HINT)
    unknown = [name for name in fields if name not in _HEAD]
    if unknown:
        raise InputError(f"{path}: there is no field {unknown[0]!r}", f"fields are: {', '.join(_HEAD)}")
    return fields


def _list(
    fields: dict[str, Any], name: str, kinds: tuple[type, ...], path: Path, count: int | None = None
) -> list[Any]:
    value = fields.get(name, [])
    right = isinstance(value, list) and all(type(item) in kinds for item in value)
    if not right or (count is not None and len(value) != count):
        words = " or ".join(kind.__name__ for kind in kinds)
        raise InputError(f"{path}: {name} must be a list of {count or ''} {words} values", _HINT)
    return list(value)


def _scale(fields: dict[str, Any], path: Path) -> tuple[str, float]:
    """The unit of the samples, and what makes them of the numbers in the files."""
    unit, scale = fields.get("unit", MILLIVOLTS), _number(fields, "scale", path, 1.0)
    if unit not in _UNITS:
        raise InputError(f"{path}: there is no unit {unit!r:.40}", f"units are: {', '.join(_UNITS)}")
    return (COUNTS, scale) if unit == COUNTS else (MILLIVOLTS, scale * _UNITS[unit])


def _number(fields: dict[str, Any], name: str, path: Path, default: float | None = None) -> float:
    value: Any = fields.get(name, default)
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not 0 < value <= sys.float_info.max:
        raise InputError(f"{path}: {name} must be a number above 0", _HINT)
    return float(value)


def _head(path: Path, trial: int, entry: dict[str, Any]) -> dict[str, Any]:
    """Subject, session, trial, repetition, part and name of a recording."""
    place = f"{path}: recording {trial}"
    unknown = [name for name in entry if name not in _KEYS]
    if unknown:
        raise InputError(f"{place}: there is no field {unknown[0]!r}", f"fields are: {', '.join(_KEYS)}")
    counts = {"subject": 1, "session": 1, "trial": trial, "repetition": 0}
    for name in _COUNTS:
        counts[name] = entry.get(name, counts[name])
        if type(counts[name]) is not int or not 0 <= counts[name] < 1 << 31:
            raise InputError(f"{place}: {name} must be a whole number", _HINT)
    part = entry.get("part", "")
    if part not in ("", "train", "test"):
        raise InputError(f"{place}: part must be train or test", _HINT)
    return {**counts, "part": part, "name": str(entry.get("file", ""))}


def _sheet(
    path: Path, trial: int, entry: dict[str, Any], labels: tuple[str, ...]
) -> tuple[Sheet, NDArray[np.int64]]:
    """A recording's columns, and the class of each of its samples."""
    place = f"{path}: recording {trial}"
    ways = [name for name in ("label", "label_column", "label_array") if name in entry]
    if len(ways) != 1:
        raise InputError(f"{place}: give one of label, label_column, label_array", _HINT)
    file = _inside(path.parent, entry.get("file"), place)
    texts: dict[int, list[str]] = {}
    arrays: dict[str, NDArray[Any]] = {}
    if arrayfile.is_table(file) and entry.get("samples_array", arrayfile.ONLY) == arrayfile.ONLY:
        table = arrayfile.read_table(file, _HINT)
        sheet, texts = Sheet(file, table.values, table.names), table.texts
    else:
        arrays = _arrays(entry, file)
        sheet = Sheet(
            file,
            _matrix(arrayfile.one(arrays, entry.get("samples_array", arrayfile.ONLY), file, _HINT), file),
        )
    if ways == ["label"]:
        if entry["label"] not in labels:
            raise InputError(
                f"{place}: there is no label {entry['label']!r}", f"labels are: {', '.join(labels)}"
            )
        return sheet, np.full(len(sheet.values), labels.index(entry["label"]), np.int64)
    if ways == ["label_array"]:
        named = arrayfile.one(arrays, entry["label_array"], file, _HINT)
        named = named.reshape(-1) if 1 in named.shape else named  # MATLAB's vectors are matrices
        return sheet, _classes(named, len(sheet.values), labels, file)
    column = sheet.column(entry["label_column"], "the label")
    sheet = replace(sheet, label_column=column)
    if column in texts:
        return sheet, _named_classes(texts[column], labels, file)
    return sheet, _classes(sheet.values[:, column], len(sheet.values), labels, file)


def _matrix(value: NDArray[Any], file: Path) -> NDArray[Any]:
    if value.ndim != 2 or value.dtype.kind not in "iuf" or value.size == 0:
        raise InputError(
            f"{file}: the samples must be a matrix of numbers, it is {value.dtype} of shape {value.shape}",
            _HINT,
        )
    return value


def _inside(folder: Path, name: object, place: str) -> Path:
    if not isinstance(name, str) or not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{place}: file must name a file below {folder}", _HINT)
    return folder / name


def _arrays(entry: dict[str, Any], file: Path) -> dict[str, NDArray[Any]]:
    if file.suffix.lower() != ".mat":
        arrayfile.check_suffix(file, (*arrayfile.SUFFIXES, ".mat"))
        return arrayfile.read(file, _HINT)
    names = (entry.get("samples_array", arrayfile.ONLY), entry.get("label_array"))
    return matfile.load(file, tuple(name for name in names if isinstance(name, str)), _HINT)


def _classes(named: NDArray[Any], samples: int, labels: tuple[str, ...], file: Path) -> NDArray[np.int64]:
    """(S,) the class of each sample."""
    right = named.shape == (samples,) and named.dtype.kind in "iuf" and np.isfinite(named).all()
    if not right or not np.all((named == np.round(named)) & (named >= UNUSED) & (named < len(labels))):
        raise InputError(
            f"{file}: each sample's class must be a whole number from -1 (none) to {len(labels) - 1}, "
            "or one of the labels",
            _HINT,
        )
    return named.astype(np.int64)


def _named_classes(names: list[str], labels: tuple[str, ...], file: Path) -> NDArray[np.int64]:
    """(S,) the class of each sample; an empty cell is none."""
    numbers = {"": UNUSED, **{label: number for number, label in enumerate(labels)}}
    unknown = next((name for name in names if name not in numbers), None)
    if unknown is not None:
        raise InputError(f"{file}: there is no label {unknown!r:.60}", f"labels are: {', '.join(labels)}")
    return np.array([numbers[name] for name in names], np.int64)
