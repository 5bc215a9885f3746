"""Reader for flexemg: 64 electrodes on a flexible 16 x 4 array, 1 kHz, rest and four gestures.

Moin et al., "An EMG Gesture Recognition System with Flexible High-Density Sensors and Brain-Inspired
High-Dimensional Classifier", ISCAS 2018; recordings at https://github.com/a-moin/flexemg (GPL-3.0, so neither
they nor weights trained on them are part of this project).

A trial is a MATLAB file with `raw` (samples, 64 or more) in ADC counts and `p`, which says when the subject
was told to do what: rest for `timerest` ms, then each gesture of `sequence` for `timegest` ms, all of it
`reps` times. There are no other labels. As in the published evaluation, 20 % of a gesture's length is dropped
on both sides of each change of command and at the beginning, and so are the last three seconds.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import matfile
from emgdeploy.signals.recordings import UNUSED, Dataset, Recording

SAMPLE_RATE_HZ = 1000.0
REST = "Rest"
DROPPED_SHARE = 0.2
DROPPED_END_S = 3.0

_FOLDER = re.compile(r"(\d+)-Session(\d+)(Train|Test)")
_TRIAL = re.compile(r"(\d+)-(\d+)\.mat")
_MAP_FILE = "arraymap.mat"
_HINT = "--data takes the folder with 001-Session1Train and its like, or one such folder"


@dataclass(frozen=True)
class _Folder:
    path: Path
    subject: int
    session: int
    part: str


def read(
    folder: Path, subjects: Collection[int] | None = None, sessions: Collection[int] | None = None
) -> Dataset:
    """Every trial below `folder` of the given subjects and sessions (all of them where None).

    `folder` holds folders `SSS-SessionNTrain` and `SSS-SessionNTest`, or is one of them; a Train folder
    brings the Test folder beside it. Raises InputError when there is nothing to read or a file is not what it
    must be.
    """
    root = Path(folder)
    found = _folders(root)
    chosen = [
        item
        for item in found
        if (subjects is None or item.subject in subjects) and (sessions is None or item.session in sessions)
    ]
    if not chosen:
        there = ", ".join(sorted({f"{item.subject}/{item.session}" for item in found}))
        raise InputError(f"{root}: no such recordings; subject/session there: {there}", _HINT)
    electrodes, grid = _array_map(root)
    files = [(path, item) for item in chosen for path in _trials(item.path)]
    if not files:
        raise InputError(f"{chosen[0].path}: there are no flexemg recordings in it", _HINT)
    trials = [_read_trial(path, item, max(electrodes) + 1) for path, item in files]
    _, labels, scale = trials[0]
    for (path, _), (_, names, _) in zip(files, trials, strict=True):
        if names != labels:
            raise InputError(f"{path}: its gestures are {names}, those of the others {labels}", _HINT)
    recordings = tuple(recording for recording, _, _ in trials)
    return Dataset("flexemg", recordings, labels, SAMPLE_RATE_HZ, grid, electrodes, scale)


def available(folder: Path) -> list[tuple[int, int]]:
    """(subject, session) pairs below `folder`, in order. Raises InputError when there are none."""
    return sorted({(item.subject, item.session) for item in _folders(Path(folder))})


def default_preprocess(dataset: Dataset) -> Preprocess:
    """RMS over 100 ms without the offset, log, standardised as a whole.

    Standardising each electrode by itself would lift the noise of quiet ones and hide the pattern between
    electrodes; it cost about half a point here.
    """
    return Preprocess(
        sample_rate_hz=dataset.sample_rate_hz,
        grid=dataset.grid,
        electrodes=dataset.electrodes,
        window_ms=100.0,
        stride_ms=50.0,
        image="rms",
        detrend=True,
        log_epsilon=1e-3,
        normalise="global",
    )


def command_labels(
    samples: int, sequence: list[int], rest: int, gesture: int, repetitions: int
) -> NDArray[np.int64]:
    """(samples,) classes by the clock: 0 for rest, the numbers of `sequence`, -1 for what is not used.

    rest, gesture: length in samples of a rest and of a gesture.
    """
    block = np.concatenate([np.zeros(rest, np.int64), np.repeat(np.asarray(sequence, np.int64), gesture)])
    labels = np.zeros(samples, np.int64)
    commanded = np.tile(block, repetitions)[:samples]
    labels[: len(commanded)] = commanded
    margin = round(DROPPED_SHARE * gesture)
    changes = np.flatnonzero(np.diff(labels)) + 1
    used = np.ones(samples, bool)
    used[:margin] = False
    used[max(0, samples - round(DROPPED_END_S * SAMPLE_RATE_HZ)) :] = False
    for change in changes.tolist():
        used[max(0, change - margin) : change + margin] = False
    return np.where(used, labels, UNUSED)


def _folders(root: Path) -> list[_Folder]:
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder", _HINT)
    inside = [item for item in map(_folder, sorted(root.iterdir())) if item is not None]
    if inside:
        return inside
    if not _trials(root):
        raise InputError(f"{root}: there are no flexemg recordings in it", _HINT)
    own = _folder(root.resolve()) or _Folder(root, 1, 1, "")
    beside = own.path.parent / own.path.name.replace("Train", "Test")
    if own.part == "train" and beside.is_dir() and _trials(beside):
        return [own, _Folder(beside, own.subject, own.session, "test")]
    return [own]


def _folder(path: Path) -> _Folder | None:
    named = _FOLDER.fullmatch(path.name)
    if named is None or not path.is_dir():
        return None
    return _Folder(path, int(named[1]), int(named[2]), named[3].lower())


def _trials(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.mat") if path.name != _MAP_FILE)


def _array_map(root: Path) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Raw channel of each grid position, from the file beside the recordings or as published."""
    for path in (root / _MAP_FILE, root.resolve().parent / _MAP_FILE):
        if path.is_file():
            table = np.asarray(matfile.load(path, ("arraymap",), _HINT)["arraymap"])
            break
    else:
        # Two halves of eight rows of four: counted upwards from the bottom row, then backwards.
        table = np.concatenate([np.arange(1, 33).reshape(8, 4)[::-1], np.arange(64, 32, -1).reshape(8, 4)])
        path = root
    flat = [int(value) for value in table.ravel()] if table.dtype.kind in "iuf" else []
    if table.ndim != 2 or not flat or min(flat) < 1 or max(flat) > 4096 or len(set(flat)) != len(flat):
        raise InputError(f"{path}: arraymap must hold different channel numbers from 1", _HINT)
    return tuple(value - 1 for value in flat), (int(table.shape[0]), int(table.shape[1]))


def _read_trial(path: Path, item: _Folder, channels: int) -> tuple[Recording, tuple[str, ...], float]:
    """A trial, its labels, and the millivolts of one count."""
    content = matfile.load(path, ("raw", "p"), _HINT)
    raw = np.asarray(content["raw"])
    if raw.ndim != 2 or raw.dtype.kind not in "iuf" or raw.shape[1] < channels or len(raw) == 0:
        raise InputError(
            f"{path}: raw must be (samples, {channels} or more), it is {raw.dtype} of shape {raw.shape}",
            _HINT,
        )
    if not bool(np.isfinite(raw).all()):
        raise InputError(f"{path}: raw holds values that are not finite", _HINT)
    trial = _Commands(content["p"], path)
    gestures = trial.names("labelnames")
    sequence = trial.numbers("sequence")
    if not sequence or min(sequence) < 1 or max(sequence) > len(gestures):
        raise InputError(
            f"{path}: sequence names gesture {max(sequence, default=0)} of {len(gestures)}", _HINT
        )
    rest, gesture = trial.milliseconds("timerest"), trial.milliseconds("timegest")
    repetitions = max(1, trial.numbers("reps", default=1)[0])
    if repetitions * (rest + gesture * len(sequence)) > 2 * len(raw):
        raise InputError(f"{path}: its commands take twice as long as the recording", _HINT)
    named = _TRIAL.fullmatch(path.name)
    millivolts = trial.value("lsbmV")
    recording = Recording(
        samples=(raw[:, :channels] * millivolts).astype(np.float32),
        labels=command_labels(len(raw), sequence, rest, gesture, repetitions),
        subject=item.subject,
        session=item.session,
        trial=int(named[2]) if named else _trials(path.parent).index(path) + 1,
        part=item.part,
    )
    return recording, (REST, *gestures), millivolts


class _Commands:
    """The struct `p` of a trial, each field read with an error that names it."""

    def __init__(self, struct: Any, path: Path) -> None:
        self._struct, self._path = struct, path

    def numbers(self, name: str, default: int | None = None) -> list[int]:
        values = self._field(name) if default is None or self._has(name) else np.array([default])
        if values.dtype.kind not in "iuf" or not np.array_equal(values, np.round(values)):
            raise self._wrong(name, "whole numbers")
        return [int(value) for value in values]

    def value(self, name: str) -> float:
        values = self._field(name)
        if values.dtype.kind not in "iuf" or len(values) != 1 or not 0 < float(values[0]) < 1e3:
            raise self._wrong(name, "one positive number")
        return float(values[0])

    def milliseconds(self, name: str) -> int:
        (value,) = self.numbers(name)[:1] or [0]
        if not 0 < value < 10**7:
            raise self._wrong(name, "a time in milliseconds")
        return round(value * SAMPLE_RATE_HZ / 1000)

    def names(self, name: str) -> tuple[str, ...]:
        values = [np.asarray(value).ravel() for value in self._field(name)]
        if not values or any(len(value) != 1 or value.dtype.kind != "U" for value in values):
            raise self._wrong(name, "a cell array of names")
        return tuple(str(value[0]) for value in values)

    def _has(self, name: str) -> bool:
        struct = np.asarray(self._struct)
        return struct.dtype.names is not None and name in struct.dtype.names and struct.size == 1

    def _field(self, name: str) -> NDArray[Any]:
        if not self._has(name):
            raise self._wrong(name, "there")
        return np.asarray(np.asarray(self._struct).ravel()[0][name]).ravel()

    def _wrong(self, name: str, expected: str) -> InputError:
        return InputError(f"{self._path}: p.{name} must be {expected}", _HINT)
