"""Reader for recordings of one's own: .csv, .npy, .npz and .mat files, described by `dataset.toml` beside them.

sample_rate_hz = 1000
grid = [4, 8]              # electrodes row by row are columns 0, 1, 2, ... unless `electrodes` says otherwise
labels = ["rest", "fist"]
scale = 1.0                # millivolts of one unit

[[recordings]]
file = "day1/fist-3.csv"
label = "fist"             # of every sample; or label_column = 32, or, in an .npz or .mat, label_array = "y"
session = 1                # also subject, trial, repetition (from 1), part ("train" or "test")
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import csl, matfile
from emgdeploy.signals.recordings import UNUSED, Dataset, Recording

DESCRIPTION = "dataset.toml"
_HINT = "docs/data.md shows a dataset.toml"
_COUNTS = ("subject", "session", "trial", "repetition")
_KEYS = ("file", "label", "label_column", "label_array", "samples_array", "part", *_COUNTS)
_HEAD = ("sample_rate_hz", "grid", "electrodes", "labels", "scale", "recordings")


def read(folder: Path, subjects: Collection[int] | None, sessions: Collection[int] | None) -> Dataset:
    """Every described recording of the given subjects and sessions (all of them where None).

    Raises InputError that names the file and what is wrong with it.
    """
    path = Path(folder) / DESCRIPTION
    fields = _fields(path)
    rows, columns = _list(fields, "grid", int, path, 2)
    electrodes = tuple(_list(fields, "electrodes", int, path)) or tuple(range(min(rows * columns, 1 << 16)))
    labels = tuple(_list(fields, "labels", str, path))
    rate, scale = _number(fields, "sample_rate_hz", path), _number(fields, "scale", path, 1.0)
    if not labels or len(set(labels)) != len(labels):
        raise InputError(f"{path}: labels must be different names", _HINT)
    entries = _list(fields, "recordings", dict, path)
    kept = [
        (trial, entry)
        for trial, entry in enumerate(entries, 1)
        if (subjects is None or entry.get("subject", 1) in subjects)
        and (sessions is None or entry.get("session", 1) in sessions)
    ]
    if not kept:
        raise InputError(f"{path}: it describes no such recordings", _HINT)
    recordings = tuple(_recording(path, trial, entry, labels, scale) for trial, entry in kept)
    dataset = Dataset("files", recordings, labels, rate, (rows, columns), electrodes, scale)
    for recording, (_, entry) in zip(recordings, kept, strict=True):
        if recording.samples.shape[1] <= max(electrodes, default=0):
            raise InputError(
                f"{path.parent / entry['file']}: has {recording.samples.shape[1]} channels, "
                f"the grid wants channel {max(electrodes)}",
                _HINT,
            )
    default_preprocess(dataset)  # a grid or rate that makes no sense is said now
    return dataset


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
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", _HINT) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not TOML ({error})", _HINT) from None
    unknown = [name for name in fields if name not in _HEAD]
    if unknown:
        raise InputError(f"{path}: there is no field {unknown[0]!r}", f"fields are: {', '.join(_HEAD)}")
    return fields


def _list(fields: dict[str, Any], name: str, kind: type, path: Path, count: int | None = None) -> list[Any]:
    value = fields.get(name, [])
    right = isinstance(value, list) and all(type(item) is kind for item in value)
    if not right or (count is not None and len(value) != count):
        raise InputError(f"{path}: {name} must be a list of {count or ''} {kind.__name__} values", _HINT)
    return list(value)


def _number(fields: dict[str, Any], name: str, path: Path, default: float | None = None) -> float:
    value: Any = fields.get(name, default)
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not math.isfinite(value) or value <= 0:
        raise InputError(f"{path}: {name} must be a number above 0", _HINT)
    return float(value)


def _recording(
    path: Path, trial: int, entry: dict[str, Any], labels: tuple[str, ...], scale: float
) -> Recording:
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
    file = _inside(path.parent, entry.get("file"), place)
    arrays = _arrays(entry, file)
    samples = arrayfile.one(arrays, entry.get("samples_array", arrayfile.ONLY), file, _HINT)
    classes, samples = _classes(entry, arrays, samples, labels, file, place)
    values = matfile.numbers(samples, "the samples", file, _HINT)
    return Recording((values * np.float32(scale)).astype(np.float32), classes, part=part, **counts)


def _inside(folder: Path, name: object, place: str) -> Path:
    if not isinstance(name, str) or not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{place}: file must name a file below {folder}", _HINT)
    return folder / name


def _arrays(entry: dict[str, Any], file: Path) -> dict[str, NDArray[Any]]:
    if file.suffix != ".mat":
        return arrayfile.read(file, _HINT)
    names = (entry.get("samples_array", arrayfile.ONLY), entry.get("label_array"))
    return matfile.load(file, tuple(name for name in names if isinstance(name, str)), _HINT)


def _classes(
    entry: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    samples: NDArray[Any],
    labels: tuple[str, ...],
    file: Path,
    place: str,
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """(S,) the class of each sample, and the samples without what said so."""
    ways = [name for name in ("label", "label_column", "label_array") if name in entry]
    if len(ways) != 1:
        raise InputError(f"{place}: give one of label, label_column, label_array", _HINT)
    chosen = entry[ways[0]]
    if ways == ["label"]:
        if chosen not in labels:
            raise InputError(f"{place}: there is no label {chosen!r}", f"labels are: {', '.join(labels)}")
        return np.full(len(samples), labels.index(chosen), np.int64), samples
    if ways == ["label_array"]:
        named = arrayfile.one(arrays, chosen, file, _HINT)
        named = named.reshape(-1) if 1 in named.shape else named  # MATLAB's vectors are matrices
    else:
        if type(chosen) is not int or samples.ndim != 2 or not 0 <= chosen < samples.shape[1]:
            raise InputError(f"{place}: there is no column {chosen!r}", _HINT)
        named, samples = samples[:, chosen], np.delete(samples, chosen, axis=1)
    right = named.shape == (len(samples),) and named.dtype.kind in "iuf" and np.isfinite(named).all()
    if not right or not np.all((named == np.round(named)) & (named >= UNUSED) & (named < len(labels))):
        raise InputError(
            f"{file}: each sample's class must be a whole number from -1 (none) to {len(labels) - 1}", _HINT
        )
    return named.astype(np.int64), samples
