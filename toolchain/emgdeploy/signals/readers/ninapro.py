"""Reader for Ninapro DB5: two Myo armbands (16 electrodes, 200 Hz), finger and hand movements.

Pizzolato et al., "Comparison of six electromyography acquisition setups on hand movement classification
tasks", PLoS ONE 12 (2017). The recordings are research data with terms of their own, so neither they nor
weights trained on them are part of this project.

A file `S<subject>_E<exercise>_A1.mat` holds `emg` (samples, 16) in the armbands' own counts, and for each
sample the movement (`restimulus`, 0 for rest) and its repetition (`rerepetition`), both corrected for the
delay of the person. Exercise A is file E1, B is E2, C is E3. The first eight electrodes are the ring nearer
to the elbow. Rest comes before each movement; both together are one trial here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import matfile
from emgdeploy.signals.readers.options import EXERCISES, ReadOptions
from emgdeploy.signals.recordings import COUNTS, UNUSED, Dataset, Recording

SAMPLE_RATE_HZ = 200.0
CHANNELS = 16
REST = "Rest"
# Movements of each exercise, and what those of A are called.
MOVEMENTS = {"A": 12, "B": 17, "C": 23}
_FINGERS = ("index", "middle", "ring", "little")
_NAMES_A = (
    *(f"{finger} {way}" for finger in _FINGERS for way in ("flexion", "extension")),
    *(f"thumb {way}" for way in ("adduction", "abduction", "flexion", "extension")),
)
_RINGS = {"elbow": range(8), "wrist": range(8, 16), "both": range(16)}
_FILE = re.compile(r"S(\d+)_E([123])_A\d+\.mat")
_HINT = "--data takes the folder with S1_E1_A1.mat and its like"


@dataclass(frozen=True)
class _File:
    path: Path
    subject: int
    exercise: str


def available(folder: Path) -> list[int]:
    """Subjects below `folder`, in order. Raises InputError when there are none."""
    return sorted({item.subject for item in _files(Path(folder))})


def read(folder: Path, subjects: Collection[int], options: ReadOptions) -> Dataset:
    """Every chosen movement of the given subjects. A trial is a rest and the movement after it.

    Raises InputError when there is nothing to read or a file is not what it must be, UsageError for a
    movement that no chosen exercise has.
    """
    classes = _classes(options)
    found = [f for f in _files(Path(folder)) if f.subject in subjects and f.exercise in options.exercises]
    missing = {(s, e) for s in subjects for e in options.exercises} - {(f.subject, f.exercise) for f in found}
    if missing:
        subject, exercise = min(missing)
        raise InputError(f"{folder}: there is no exercise {exercise} of subject {subject}", _HINT)
    recordings: list[Recording] = []
    for item in found:
        recordings += _trials(item, classes, options.rest)
    if not recordings:
        raise InputError(f"{folder}: none of the chosen movements is in it", _HINT)
    ring = _RINGS[options.ring]
    labels = tuple(dict.fromkeys(([REST] if options.rest else []) + [_name(key) for key in classes]))
    return Dataset(
        "ninapro-db5",
        tuple(recordings),
        labels,
        SAMPLE_RATE_HZ,
        (len(ring) // 8, 8),
        tuple(ring),
        unit=COUNTS,
        array=(1, 8),
    )


def default_preprocess(dataset: Dataset) -> Preprocess:
    """Windows of 32 samples (160 ms) every 80 ms, a row for each electrode, each electrode standardised."""
    return Preprocess(
        sample_rate_hz=dataset.sample_rate_hz,
        grid=dataset.grid,
        electrodes=dataset.electrodes,
        window_ms=160.0,
        stride_ms=80.0,
        image="stacked",
        frames=32,
        normalise="electrode",
        layout="raster",
    )


def _classes(options: ReadOptions) -> dict[str, int]:
    """Name of each chosen movement (A1, B17) -> its class."""
    strange = [exercise for exercise in options.exercises if exercise not in MOVEMENTS]
    if strange:
        raise UsageError(f"Ninapro DB5 has no exercise {strange[0]}", f"choose from: {', '.join(MOVEMENTS)}")
    known = [f"{e}{n}" for e in EXERCISES if e in options.exercises for n in range(1, MOVEMENTS[e] + 1)]
    chosen = known if options.movements is None else list(options.movements)
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        raise UsageError(
            f"there is no movement {unknown[0]!r}" if unknown else "no movement is chosen",
            f"movements of the chosen exercises are: {known[0]} to {known[-1]}",
        )
    first = 1 if options.rest else 0
    return {name: first + index for index, name in enumerate(n for n in known if n in chosen)}


def _name(key: str) -> str:
    return f"{key} {_NAMES_A[int(key[1:]) - 1]}" if key[0] == "A" else key


def _files(root: Path) -> list[_File]:
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder", _HINT)
    # As downloaded, each subject has a folder of its own.
    paths = sorted([*root.glob("*.mat"), *root.glob("*/*.mat")])
    named = [(path, _FILE.fullmatch(path.name)) for path in paths]
    files = [_File(path, int(m[1]), EXERCISES[int(m[2]) - 1]) for path, m in named if m is not None]
    if not files:
        raise InputError(f"{root}: there are no Ninapro DB5 recordings in it", _HINT)
    return sorted(files, key=lambda item: (item.subject, item.exercise))


def _trials(item: _File, classes: dict[str, int], rest: bool) -> list[Recording]:
    content = matfile.load(item.path, ("emg", "restimulus", "rerepetition"), _HINT)
    emg = np.asarray(content["emg"])
    if emg.ndim != 2 or emg.dtype.kind not in "iuf" or emg.shape[1] != CHANNELS or len(emg) == 0:
        raise InputError(
            f"{item.path}: emg must be (samples, {CHANNELS}), it is {emg.dtype} of shape {emg.shape}", _HINT
        )
    if not bool(np.isfinite(emg).all()):
        raise InputError(f"{item.path}: emg holds values that are not finite", _HINT)
    movement = _commands(content["restimulus"], "restimulus", len(emg), item.path)
    repetition = _commands(content["rerepetition"], "rerepetition", len(emg), item.path)
    movement = _counted_from_one(movement, item)
    recordings = []
    for trial, (first, start, end) in enumerate(pieces(movement, repetition), 1):
        number = classes.get(f"{item.exercise}{movement[start]}")
        if number is None:
            continue
        labels = np.full(end - first, 0 if rest else UNUSED, np.int64)
        labels[start - first :] = number
        recordings.append(
            Recording(
                samples=emg[first:end].astype(np.float32),
                labels=labels,
                subject=item.subject,
                session=1,
                trial=1000 * EXERCISES.index(item.exercise) + trial,
                repetition=int(repetition[start]),
            )
        )
    return recordings


def _commands(values: Any, name: str, samples: int, path: Path) -> NDArray[np.int64]:
    numbers = np.asarray(values).ravel()
    if len(numbers) != samples or numbers.dtype.kind not in "iuf" or not _whole(numbers):
        raise InputError(f"{path}: {name} must hold a whole number from 0 for each sample", _HINT)
    return numbers.astype(np.int64)


def _whole(numbers: NDArray[Any]) -> bool:
    return bool(np.isfinite(numbers).all()) and bool(
        ((numbers == np.round(numbers)) & (numbers >= 0) & (numbers < 1000)).all()
    )


def _counted_from_one(movement: NDArray[np.int64], item: _File) -> NDArray[np.int64]:
    """Some editions count the movements of B and C on from those of the exercise before."""
    count, highest = MOVEMENTS[item.exercise], int(movement.max())
    before = sum(n for name, n in MOVEMENTS.items() if name < item.exercise)
    if highest > count:
        movement = np.where(movement > 0, movement - before, 0)
    if highest > count + before or int(movement.min()) < 0:
        raise InputError(
            f"{item.path}: restimulus names movement {highest}, exercise {item.exercise} has {count}", _HINT
        )
    return movement


def pieces(movement: NDArray[np.int64], repetition: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """(first sample, start of the movement, end) of each rest with the movement after it."""
    changed = (np.diff(movement) != 0) | ((np.diff(repetition) != 0) & (movement[1:] > 0))
    bounds = [0, *(np.flatnonzero(changed) + 1).tolist(), len(movement)]
    pieces, first = [], 0
    for start, end in pairwise(bounds):
        if movement[start] > 0:
            pieces.append((first, start, end))
            first = end
    return pieces
