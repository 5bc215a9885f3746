"""putEMG: 24 electrodes in three bands around the forearm, 5120 Hz, seven gestures and idle, 44 people on two days.

Kaczmarek, Mankowski and Tomczynski, "putEMG - A Surface Electromyography Hand Gesture Recognition Dataset", Sensors 19
(2019). `emg_gestures-03-repeats_long-2018-05-11-11-05-00-695.csv` has the columns EMG_1 to EMG_24 and TRAJ_GT, the gesture
of each sample, -1 for none. The HDF5 files of the same name keep their columns' names pickled, which is not read: the
publisher's download script brings the others as data-csv.

Each day has three files. The paper takes each of them as the test once; here the `sequential` one is, and a day is a
session. A trial is a stretch of one gesture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.readers import csl, trials
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public.layout import TEST, TRAIN, File, Layout, numbers, refuse_choice, whole
from emgdeploy.signals.recordings import UNUSED, Dataset, Recording

_RATE_HZ, _CHANNELS = 5120.0, 24
# 12 bits of 5 V behind an amplification by 200: the publisher's example scripts.
_MILLIVOLTS = 5.0 / 4096 * 1000 / 200
_HINT = "--data takes the folder with emg_gestures-03-repeats_long-....csv and its like"
_GESTURES = {
    **{0: "idle", 1: "fist", 2: "flexion", 3: "extension"},
    **{6: "pinch index", 7: "pinch middle", 8: "pinch ring", 9: "pinch small"},
}
_TESTED = "sequential"


def _read(files: Sequence[File], options: ReadOptions) -> Dataset:
    refuse_choice(options, "putemg")
    recordings: list[Recording] = []
    for place, file in enumerate(files, 1):
        table = arrayfile.read_table(file.path, _HINT)
        wanted = [*(f"EMG_{number}" for number in range(1, _CHANNELS + 1)), "TRAJ_GT"]
        missing = [name for name in wanted if name not in table.names]
        if missing:
            raise InputError(f"{file.path}: there is no column {missing[0]} in it", _HINT)
        columns = [table.names.index(name) for name in wanted]
        samples = numbers(table.values[:, columns[:-1]], _CHANNELS, "EMG", file.path, _HINT)
        said = whole(table.values[:, columns[-1]], len(samples), "TRAJ_GT", file.path, _HINT)
        labels = np.full(len(said), UNUSED, np.int64)
        for number, gesture in enumerate(_GESTURES):
            labels[said == gesture] = number
        part = TEST if file.fields["kind"] == _TESTED else TRAIN
        whole_file = Recording(
            samples * np.float32(_MILLIVOLTS),
            labels,
            file.subject,
            file.session,
            place,
            part,
            name=file.path.name,
        )
        recordings += trials.by_label(whole_file)
    return Dataset(
        "putemg",
        tuple(recordings),
        tuple(_GESTURES.values()),
        _RATE_HZ,
        (3, 8),
        tuple(range(_CHANNELS)),
        _MILLIVOLTS,
    )


def _day(file: File) -> File:
    """Days are numbered by the files of a person that lie beside this one."""
    beside = {
        match["date"]
        for path in file.path.parent.iterdir()
        if (match := _FILE.search(path.name)) is not None and int(match["subject"]) == file.subject
    }
    return replace(file, session=sorted(beside).index(file.fields["date"]) + 1)


_FILE = re.compile(
    r"emg_gestures-(?P<subject>\d+)-(?P<kind>repeats_long|repeats_short|sequential)-(?P<date>\d{4}-\d\d-\d\d)[-\d]*\.csv$"
)
LAYOUTS = (
    Layout(
        "putemg", _FILE, "emg_gestures-03-repeats_long-2018-05-11-11-05-00-695.csv and its like", _read,
        csl.default_preprocess, _day,
    ),
)  # fmt: skip
