"""GRABMyo: rings of electrodes on forearm and wrist, 2048 Hz, 16 gestures and rest, three days.

Pradhan, He and Jiang, "Multi-day dataset of forearm and wrist electromyogram for hand gesture recognition and biometrics",
Scientific Data 9 (2022); https://physionet.org/content/grabmyo. `session1_participant1_gesture1_trial1.hea` (WFDB) has the
signals F1 to F16 (two rings on the forearm), W1 to W12 (two on the wrist) and U1 to U4, which are none.

Several sessions read together: the first to train on, the others to test on; one session: trials 6 and 7 are the test. So
LibEMG divides them. Tried on real records of one person, one day and four gestures (`docs/data.md`). `--ring elbow` (default) is the forearm, `wrist` the wrist, `both` all in one row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals.readers import csl
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
from emgdeploy.signals.readers.public.records import millivolts, record
from emgdeploy.signals.recordings import Dataset, Recording

_RATE_HZ, _TESTED = 2048.0, (6, 7)
_HINT = "--data takes the folder with session1_participant1_gesture1_trial1.hea and its like"
_RINGS = {
    "elbow": ((2, 8), tuple(f"F{n}" for n in range(1, 17))),
    "wrist": ((2, 6), tuple(f"W{n}" for n in range(1, 13))),
    "both": ((1, 28), (*(f"F{n}" for n in range(1, 17)), *(f"W{n}" for n in range(1, 13)))),
}
_NAMES = (
    *("lateral prehension", "thumb adduction", "thumb and little finger opposition"),
    *("thumb and index finger opposition", "thumb and index finger extension"),
    *("thumb and little finger extension", "index and middle finger extension", "little finger extension"),
    *("index finger extension", "thumb extension", "wrist extension", "wrist flexion"),
    *("forearm supination", "forearm pronation", "hand open", "hand close", "rest"),
)


def _read(files: Sequence[File], options: ReadOptions) -> Dataset:
    refuse_choice(options, "grabmyo")
    grid, wanted = _RINGS[options.ring]
    gestures = sorted({file.number("gesture") for file in files})
    recordings, columns = [], {}
    for file in files:
        content = record(file.path, _HINT)
        columns = {name.upper(): column for column, name in enumerate(content.names)}
        missing = [name for name in wanted if name not in columns]
        if missing or not 1 <= file.number("gesture") <= len(_NAMES):
            what = f"signal {missing[0]}" if missing else f"gesture {file.number('gesture')}"
            raise InputError(f"{file.path}: GRABMyo has no such file: {what}", _HINT)
        order = [columns[name] for name in wanted]
        samples = numbers(millivolts(content)[:, order], len(order), "the record", file.path, _HINT)
        trial, gesture = file.number("trial"), file.number("gesture")
        label = np.full(len(samples), gestures.index(gesture), np.int64)
        part = TEST if trial in _TESTED else TRAIN
        recordings.append(
            Recording(samples, label, file.subject, file.session, 1000 * gesture + trial, part, trial)
        )
    names = tuple(_NAMES[gesture - 1] for gesture in gestures)
    electrodes = tuple(range(len(wanted)))
    return Dataset("grabmyo", by_sessions(recordings), names, _RATE_HZ, grid, electrodes, columns=wanted)


LAYOUTS = (
    Layout(
        "grabmyo",
        re.compile(
            r"session(?P<session>\d+)_participant(?P<subject>\d+)_gesture(?P<gesture>\d+)_trial(?P<trial>\d+)\.hea$"
        ),
        "session1_participant1_gesture1_trial1.hea and its like",
        _read,
        csl.default_preprocess,
        tried=True,
    ),
)
