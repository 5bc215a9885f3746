"""flexemg_v2: 64 electrodes on a printed array, 1000 Hz, 21 gestures of five trials in eight experiments, five people.

Moin et al., "A wearable biosensing system with in-sensor adaptive machine learning for hand gesture recognition", Nature
Electronics 4 (2021); https://github.com/flexemg/flexemg_v2 (GPL-3.0, so neither recordings nor weights trained on them are
part of this project). `dataset/001_1_101_1.mat` (subject, experiment, gesture, trial) holds `data` (samples, 64) and `label`,
the gesture while it is held and 0 before and after it. Two seconds at both ends of a gesture are transitions and belong to no
class, as in the published scripts.

An experiment is a session: 1 and 2 the baseline, 3 another arm position, 4 to 6 three efforts, 7 another day, 8 hours later.
The paper trains on one trial and tests on the others, each of the five once; here the first is trained on. Of two
experiments read together the first trains and the others test. Where electrodes are, the repository does not say: they
stand in one row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.readers import matfile
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public.layout import (
    TEST,
    TRAIN,
    File,
    Layout,
    amplitudes,
    by_sessions,
    numbers,
    refuse_choice,
    whole,
)
from emgdeploy.signals.recordings import COUNTS, UNUSED, Dataset, Recording

_RATE_HZ, _CHANNELS, _TRANSITION = 1000.0, 64, 2000
_REST = "Rest"
_HINT = "--data takes the folder with 001_1_101_1.mat and its like"


def _read(files: Sequence[File], options: ReadOptions) -> Dataset:
    refuse_choice(options, "flexemg-v2")
    names: dict[str, int] = {_REST: 0}
    recordings = []
    for file in files:
        content = matfile.load(file.path, ("data", "label"), _HINT)
        samples = numbers(content["data"], _CHANNELS, "data", file.path, _HINT)
        said = whole(content["label"], len(samples), "label", file.path, _HINT)
        labels = np.full(len(said), UNUSED, np.int64)
        for gesture in np.unique(said).tolist():
            name = _REST if gesture == 0 else f"gesture {gesture}"
            labels[said == gesture] = names.setdefault(name, len(names))
        trial, gesture = file.number("trial"), file.number("gesture")
        recordings.append(
            Recording(
                samples,
                _without_transitions(said, labels),
                file.subject,
                file.session,
                1000 * gesture + trial,
                TRAIN if trial == 1 else TEST,
                trial,
            )
        )
    return Dataset(
        "flexemg-v2",
        by_sessions(recordings),
        tuple(names),
        _RATE_HZ,
        (1, _CHANNELS),
        tuple(range(_CHANNELS)),
        unit=COUNTS,
    )


def _without_transitions(said: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    kept = labels.copy()
    for change in (np.flatnonzero(np.diff(said)) + 1).tolist():
        inside = (
            slice(change, change + _TRANSITION)
            if said[change]
            else slice(max(0, change - _TRANSITION), change)
        )
        kept[inside] = UNUSED
    return kept


LAYOUTS = (
    Layout(
        "flexemg-v2",
        re.compile(r"(?P<subject>\d{3})_(?P<session>\d)_(?P<gesture>\d{3})_(?P<trial>\d+)\.mat$"),
        "001_1_101_1.mat and its like",
        _read,
        amplitudes,
    ),
)
