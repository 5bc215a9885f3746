"""EMG-EPN612: a Myo armband (8 electrodes, 200 Hz), five gestures and none, 612 people.

Benalcazar et al., "EMG-EPN-612 Dataset", Zenodo 2020, doi 10.5281/zenodo.4421500. `user1/user1.json` holds
`trainingSamples` and `testingSamples`, recordings of a few seconds with a gesture's name, some without. As published,
training samples train and testing samples test; where a file gives no gestures for its testing samples, these are left out.
Where `groundTruthIndex` says from where to where a gesture lasts, the rest of its recording belongs to no class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import apart
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public.layout import (
    TEST,
    TRAIN,
    File,
    Layout,
    amplitudes,
    numbers,
    refuse_choice,
)
from emgdeploy.signals.recordings import COUNTS, UNUSED, Dataset, Recording

_RATE_HZ, _CHANNELS = 200.0, 8
_HINT = "--data takes the folder with user1/user1.json and its like"
_GROUPS = (("trainingSamples", TRAIN), ("testingSamples", TEST))


def _read(files: Sequence[File], options: ReadOptions) -> Dataset:
    refuse_choice(options, "epn612")
    names: dict[str, int] = {}
    recordings: list[Recording] = []
    for file in files:
        for group, part in _GROUPS:
            recordings += _samples(file, group, part, names)
    return Dataset(
        "epn612",
        tuple(recordings),
        tuple(names),
        _RATE_HZ,
        (1, _CHANNELS),
        tuple(range(_CHANNELS)),
        unit=COUNTS,
    )


def _samples(file: File, group: str, part: str, names: dict[str, int]) -> list[Recording]:
    found = _parsed(file.path, group)
    if found is None:
        return []
    values = numbers(found["x"], _CHANNELS, group, file.path, _HINT)
    gestures, turns, active = found["labels"], found["repetitions"], found["active"]
    bounds = [0, *(np.flatnonzero(np.diff(turns)) + 1).tolist(), len(turns)]
    recordings = []
    for begin, end in pairwise(bounds):
        gesture = str(gestures[begin])
        if gesture:
            number = names.setdefault(gesture, len(names))
            labels = np.where(active[begin:end], number, UNUSED).astype(np.int64)
            trial = int(turns[begin])
            recordings.append(Recording(values[begin:end], labels, file.subject, 1, trial, part))
    return recordings


def _parsed(path: Path, group: str) -> dict[str, np.ndarray] | None:
    """The recordings of a group, one after the other; None for a file without them."""
    try:
        return apart.read(path, (group,), _HINT, "epn")
    except InputError as error:
        if f"{group} is empty" in error.message:
            return None
        raise


def _preprocess(dataset: Dataset) -> Preprocess:
    return amplitudes(dataset)


LAYOUTS = (
    Layout(
        "epn612",
        re.compile(r"user_?(?P<subject>\d+)\.json$", re.IGNORECASE),
        "user1/user1.json and its like",
        _read,
        _preprocess,
    ),
)
