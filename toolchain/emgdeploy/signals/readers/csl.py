"""Reader for CSL-HDEMG: 192 electrodes on the forearm, 2048 Hz, 27 gestures.

Amma, Krings, Boeer and Schultz, "Advancing Muscle-Computer Interfaces with High-Density Electromyography",
CHI 2015. `subjectS/sessionT/gestG.mat` holds a cell array `gestures` with one matrix (192, samples) for each
repetition. Channels are bipolar along columns of eight electrodes, 1, 9, 17, ... nearest to the elbow, so every
eighth one (8, 16, ..., 192) carries no signal.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.preprocess import NO_ELECTRODE, Preprocess
from emgdeploy.signals.readers import matfile
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.recordings import COUNTS, Dataset, Recording

SAMPLE_RATE_HZ = 2048.0
ROWS, COLUMNS = 8, 24
_HINT = "--data takes the folder with subject1/session1/gest1.mat and its like"
_PARTS = tuple(re.compile(rf"{word}(\d+)", re.IGNORECASE) for word in ("subject", "session"))
_GESTURE = re.compile(r"gest(\d+)\.mat")


@dataclass(frozen=True)
class _File:
    path: Path
    subject: int
    session: int
    gesture: int


def available(folder: Path) -> list[tuple[int, int]]:
    """(subject, session) pairs below `folder`, in order. Raises InputError when there are none."""
    return sorted({(item.subject, item.session) for item in _files(Path(folder))})


def read(folder: Path, subjects: Collection[int], sessions: Collection[int], options: ReadOptions) -> Dataset:
    """Every repetition of every gesture of the given subjects and sessions.

    Raises InputError when there is nothing to read or a file is not what it must be.
    """
    found = [f for f in _files(Path(folder)) if f.subject in subjects and f.session in sessions]
    if not found:
        raise InputError(f"{folder}: no such recordings", _HINT)
    gestures = sorted({item.gesture for item in found})
    recordings = [r for item in found for r in _repetitions(item, gestures.index(item.gesture))]
    grid, electrodes = _electrodes(options)
    names = tuple("idle" if number == 0 else f"gesture {number}" for number in gestures)
    return Dataset("csl", tuple(recordings), names, SAMPLE_RATE_HZ, grid, electrodes, unit=COUNTS)


def default_preprocess(dataset: Dataset) -> Preprocess:
    """Band-pass, RMS over 100 ms every 50 ms, log, standardised as a whole."""
    return Preprocess(
        sample_rate_hz=dataset.sample_rate_hz,
        grid=dataset.grid,
        electrodes=dataset.electrodes,
        window_ms=100.0,
        stride_ms=50.0,
        image="rms",
        bandpass_hz=(20.0, 450.0),
        log_epsilon=1e-3,
        normalise="global",
    )


def _electrodes(options: ReadOptions) -> tuple[tuple[int, int], tuple[int, ...]]:
    if options.order == "published":
        if options.edges == "cut":
            raise UsageError(
                "in the published order the channels without signal are no row that could be cut",
                "choose --electrode-order grid, or --edges mask",
            )
        table = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    else:
        table = np.arange(ROWS * COLUMNS).reshape(COLUMNS, ROWS).T
    table = np.where(table % ROWS == ROWS - 1, NO_ELECTRODE, table)
    if options.edges == "cut":
        table = table[: ROWS - 1]
    return (int(table.shape[0]), COLUMNS), tuple(int(channel) for channel in table.ravel())


def _files(root: Path) -> list[_File]:
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder", _HINT)
    files = []
    # The folder of one subject or session will do; what is not in its path is taken to be the first.
    for path in sorted(root.rglob("gest*.mat")):
        named = _GESTURE.fullmatch(path.name)
        if named is not None:
            subject, session = (_number(part, path) for part in _PARTS)
            files.append(_File(path, subject, session, int(named[1])))
    if not files:
        raise InputError(f"{root}: there are no CSL-HDEMG recordings in it", _HINT)
    return sorted(files, key=lambda item: (item.subject, item.session, item.gesture))


def _number(part: re.Pattern[str], path: Path) -> int:
    found = [part.fullmatch(name) for name in path.absolute().parts]
    return next((int(match[1]) for match in reversed(found) if match is not None), 1)


def _repetitions(item: _File, label: int) -> list[Recording]:
    cells = np.asarray(matfile.load(item.path, ("gestures",), _HINT)["gestures"])
    if cells.dtype != object or cells.size == 0:
        raise InputError(f"{item.path}: gestures must be a cell array of repetitions", _HINT)
    recordings = []
    for number, cell in enumerate(cells.ravel(), 1):
        what = f"repetition {number}"
        samples = matfile.numbers(cell, what, item.path, _HINT)
        if len(samples) != ROWS * COLUMNS:
            raise InputError(
                f"{item.path}: {what} must have {ROWS * COLUMNS} rows, it has {len(samples)}", _HINT
            )
        recordings.append(
            Recording(
                samples=np.ascontiguousarray(samples.T),
                labels=np.full(samples.shape[1], label, np.int64),
                subject=item.subject,
                session=item.session,
                trial=1000 * item.gesture + number,
                repetition=number,
            )
        )
    return recordings
