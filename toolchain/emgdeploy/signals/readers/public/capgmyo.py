"""CapgMyo DB-a, DB-b and DB-c: 128 electrodes around the forearm, 1000 Hz, 8 or 12 gestures of ten trials.

Du, Jin, Wei, Hu and Geng, "Surface EMG-Based Inter-Session Gesture Recognition Enhanced by Deep Domain Adaptation",
Sensors 17 (2017). Preprocessed files `dba-preprocessed-001/001-001-001.mat` (subject, gesture, trial) hold `data` (samples,
128); gestures 100 and 101 are of maximal force and no classes. In DB-b two successive subjects are two sessions of one
person. Its values of -1 to 1 are -2.5 to 2.5 mV. The image is 16 x 8 as published.

Splits of the paper: DB-a odd trials against even ones; DB-b the first session against the second; DB-c one subject
against the others (`--split subject`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import matfile
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public.layout import (
    TEST,
    TRAIN,
    File,
    Layout,
    by_sessions,
    numbers,
    refuse_choice,
)
from emgdeploy.signals.recordings import Dataset, Recording

_RATE_HZ, _GRID, _MILLIVOLTS = 1000.0, (16, 8), 2.5
_FIRST_OF_FORCE = 100
_HINT = "--data takes the folder with dba-preprocessed-001 and its like"
_NAMES = (
    *("thumb up", "index and middle extended, others flexed", "ring and little flexed, others extended"),
    *(
        "thumb opposing little finger",
        "fingers abducted",
        "fist",
        "pointing index",
        "extended fingers adducted",
    ),
)


def _read_of(letter: str) -> Callable[[Sequence[File], ReadOptions], Dataset]:
    def read(files: Sequence[File], options: ReadOptions) -> Dataset:
        refuse_choice(options, f"capgmyo-{letter}")
        kept = [file for file in files if file.number("gesture") < _FIRST_OF_FORCE]
        gestures = sorted({file.number("gesture") for file in kept})
        recordings = []
        for file in kept:
            content = matfile.load(file.path, ("data",), _HINT)
            samples = numbers(content["data"], 128, "data", file.path, _HINT) * np.float32(_MILLIVOLTS)
            label = np.full(len(samples), gestures.index(file.number("gesture")), np.int64)
            trial = file.number("trial")
            part = (TRAIN if trial % 2 else TEST) if letter == "a" else ""
            place = 1000 * file.number("gesture") + trial
            recordings.append(Recording(samples, label, file.subject, file.session, place, part, trial))
        named = letter != "c"
        labels = tuple(_NAMES[g - 1] if named and g <= len(_NAMES) else f"gesture {g}" for g in gestures)
        kept_parts = by_sessions(recordings) if letter == "b" else tuple(recordings)
        return Dataset(
            f"capgmyo-{letter}", kept_parts, labels, _RATE_HZ, _GRID, tuple(range(128)), _MILLIVOLTS
        )

    return read


def _preprocess(dataset: Dataset) -> Preprocess:
    """RMS over 100 ms, log, standardised as a whole: the recordings are band-passed already."""
    return Preprocess(
        sample_rate_hz=dataset.sample_rate_hz,
        grid=dataset.grid,
        electrodes=dataset.electrodes,
        window_ms=100.0,
        stride_ms=50.0,
        image="rms",
        log_epsilon=1e-3,
        normalise="global",
    )


def _sessions_of_b(file: File) -> File:
    return replace(file, subject=(file.subject + 1) // 2, session=2 - file.subject % 2)


def _layout(letter: str) -> Layout:
    return Layout(
        f"capgmyo-{letter}",
        re.compile(r"(?P<subject>\d{3})-(?P<gesture>\d{3})-(?P<trial>\d{3})\.mat$"),
        f"db{letter}-preprocessed-001/001-001-001.mat and its like",
        _read_of(letter),
        _preprocess,
        _sessions_of_b if letter == "b" else lambda file: file,
    )


LAYOUTS = tuple(_layout(letter) for letter in "abc")
