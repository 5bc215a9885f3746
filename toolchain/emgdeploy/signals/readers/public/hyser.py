"""Hyser, its gestures (the PR data set): four 8 x 8 arrays on the forearm, 2048 Hz, 34 gestures in two sessions.

Jiang et al., "Open Access Dataset, Toolbox and Benchmark Processing Results of High-Density Surface Electromyogram
Recordings", IEEE TNSRE 29 (2021); https://physionet.org/content/hd-semg. `subject01_session1/dynamic_raw_sample1.hea`
(WFDB, 256 signals) is the first of the dynamic tasks, whose gestures stand in `label_dynamic.txt`, separated by commas.
Signals are called ED-8-8 and so on: array (extensor or flexor, distal or proximal), row, column.

Both sessions read together: the first to train on, the second to test on, as LibEMG divides them. One session: the
repetitions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.signals.readers import csl
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public.layout import File, Layout, by_sessions, numbers, refuse_choice
from emgdeploy.signals.readers.public.records import millivolts, record
from emgdeploy.signals.recordings import Dataset, Recording

_ARRAYS, _SIDE, _RATE_HZ = ("ED", "EP", "FD", "FP"), 8, 2048.0
_CHANNEL = re.compile(r"(ED|EP|FD|FP)-([1-8])-([1-8])")
_HINT = "--data takes the folder with subject01_session1/dynamic_raw_sample1.hea and label_dynamic.txt"


def _read(files: Sequence[File], options: ReadOptions) -> Dataset:
    refuse_choice(options, "hyser")
    said = {folder: _labels(folder / "label_dynamic.txt") for folder in {file.path.parent for file in files}}
    turns: Counter[tuple[int, int, int]] = Counter()
    chosen = []
    for file in files:
        labels, number = said[file.path.parent], file.number("sample")
        if number > len(labels):
            raise InputError(f"{file.path}: label_dynamic.txt has {len(labels)} gestures only", _HINT)
        chosen.append((file, labels[number - 1]))
    gestures = sorted({gesture for _, gesture in chosen})
    recordings, electrodes = [], tuple(range(256))
    for file, gesture in chosen:
        content = record(file.path, _HINT)
        samples = numbers(millivolts(content), 256, "the record", file.path, _HINT)
        electrodes = _electrodes(content.names)
        turns[file.subject, file.session, gesture] += 1
        turn = turns[file.subject, file.session, gesture]
        label = np.full(len(samples), gestures.index(gesture), np.int64)
        recordings.append(
            Recording(samples, label, file.subject, file.session, file.number("sample"), "", turn)
        )
    names = tuple(f"gesture {gesture}" for gesture in gestures)
    return Dataset("hyser", by_sessions(recordings), names, _RATE_HZ, (8, 32), electrodes)


def _labels(path: Path) -> list[int]:
    texts = [part.strip() for part in bounded.text(path, _HINT).replace("\n", ",").split(",")]
    found = [text for text in texts if text]
    if not found or not all(re.fullmatch(r"[0-9]{1,3}", text) for text in found):
        raise InputError(f"{path}: must hold numbers of gestures, separated by commas", _HINT)
    return [int(text) for text in found]


def _electrodes(names: tuple[str, ...]) -> tuple[int, ...]:
    """The signal of each place: the four arrays side by side, by their names; by their order where these are others."""
    places: dict[tuple[int, int], int] = {}
    for column, name in enumerate(names):
        named = _CHANNEL.fullmatch(name)
        if named is not None:
            across = _ARRAYS.index(named[1]) * _SIDE + int(named[3]) - 1
            places[int(named[2]) - 1, across] = column
    if len(places) != len(_ARRAYS) * _SIDE * _SIDE:
        order = np.arange(256).reshape(len(_ARRAYS), _SIDE, _SIDE).transpose(1, 0, 2)
        return tuple(int(column) for column in order.ravel())
    return tuple(places[row, column] for row in range(_SIDE) for column in range(len(_ARRAYS) * _SIDE))


LAYOUTS = (
    Layout(
        "hyser",
        re.compile(
            r"subject_?(?P<subject>\d+)_session_?(?P<session>\d+)/dynamic_raw_sample(?P<sample>\d+)\.hea$"
        ),
        "subject01_session1/dynamic_raw_sample1.hea and its like",
        _read,
        csl.default_preprocess,
    ),
)
