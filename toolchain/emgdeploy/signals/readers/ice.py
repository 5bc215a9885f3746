"""Reader for the ICE Lab recordings: three 8 x 8 grids on the forearm, 2560 Hz, seven gestures.

The data of the published HD-sEMG classifier (https://github.com/MIC-Laboratory/CNN-HD-sEMG-Classifier). A file
`001-00G-00R.mat` (subject, gesture, repetition) holds `Data` or `data` (samples, 192), sometimes with one more
column that is no electrode.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import csl, matfile
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.recordings import COUNTS, Dataset, Recording

SAMPLE_RATE_HZ = 2560.0
GRIDS, SIDE = 3, 8
CHANNELS = GRIDS * SIDE * SIDE
GESTURES = (
    "hand close",
    "no movement",
    "hand open",
    "wrist supination",
    "wrist pronation",
    "wrist extension",
    "wrist flexion",
)
_FILE = re.compile(r"(\d{3})-(\d{3})-(\d{3})\.mat")
_KEYS = ("Data", "data")
_HINT = "--data takes the folder with 001-001-001.mat and its like"


def available(folder: Path) -> list[int]:
    """Subjects in `folder`, in order. Raises InputError when there are none."""
    return sorted({subject for _, (subject, _, _) in _files(Path(folder))})


def read(folder: Path, subjects: Collection[int], options: ReadOptions) -> Dataset:
    """Every repetition of every gesture of the given subjects.

    Raises InputError when there is nothing to read or a file is not what it must be.
    """
    found = [(path, numbers) for path, numbers in _files(Path(folder)) if numbers[0] in subjects]
    if not found:
        raise InputError(f"{folder}: no such recordings", _HINT)
    gestures = sorted({gesture for _, (_, gesture, _) in found})
    recordings = tuple(_recording(path, numbers, gestures.index(numbers[1])) for path, numbers in found)
    names = tuple(GESTURES[g - 1] if 1 <= g <= len(GESTURES) else f"gesture {g}" for g in gestures)
    channels = np.arange(CHANNELS)
    if options.order == "grid":
        channels = channels.reshape(GRIDS, SIDE, SIDE).transpose(1, 0, 2).reshape(-1)
    grid = (SIDE, GRIDS * SIDE)
    electrodes = tuple(int(channel) for channel in channels)
    arrays = (SIDE, SIDE)
    return Dataset("ice", recordings, names, SAMPLE_RATE_HZ, grid, electrodes, unit=COUNTS, array=arrays)


def default_preprocess(dataset: Dataset) -> Preprocess:
    """The same as for CSL-HDEMG, at these recordings' rate."""
    return csl.default_preprocess(dataset)


def _files(root: Path) -> list[tuple[Path, tuple[int, int, int]]]:
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder", _HINT)
    named = [(path, _FILE.fullmatch(path.name)) for path in sorted(root.glob("*.mat"))]
    files = [(path, (int(m[1]), int(m[2]), int(m[3]))) for path, m in named if m is not None]
    if not files:
        raise InputError(f"{root}: there are no ICE Lab recordings in it", _HINT)
    return files


def _recording(path: Path, numbers: tuple[int, int, int], label: int) -> Recording:
    content = matfile.load_any(path, _KEYS, _HINT)
    key = next((key for key in _KEYS if key in content), None)
    if key is None:
        raise InputError(f"{path}: there is neither `Data` nor `data` in it", _HINT)
    samples = matfile.numbers(content[key], key, path, _HINT)
    if samples.shape[1] not in (CHANNELS, CHANNELS + 1):
        raise InputError(
            f"{path}: {key} must have {CHANNELS} or {CHANNELS + 1} columns, it has {samples.shape[1]}", _HINT
        )
    subject, gesture, repetition = numbers
    return Recording(
        samples=np.ascontiguousarray(samples[:, :CHANNELS]),
        labels=np.full(len(samples), label, np.int64),
        subject=subject,
        session=1,
        trial=1000 * gesture + repetition,
        repetition=repetition,
    )
