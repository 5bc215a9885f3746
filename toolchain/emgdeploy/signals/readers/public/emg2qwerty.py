"""emg2qwerty: two wristbands of 16 electrodes, 2000 Hz, while people type; which key is down is the class.

Sivakumar et al., "emg2qwerty: A Large Dataset with Baselines for Touch Typing using Surface Electromyography", NeurIPS 2024;
https://github.com/facebookresearch/emg2qwerty. An HDF5 file of a session has a table `emg2qwerty/timeseries` with `time`,
`emg_left` and `emg_right`, and as attribute `keystrokes` of `emg2qwerty` a JSON list of `key`, `start` and `end` in the same
time. It is made for text as a whole; as classes of windows, keys are no benchmark of its paper.

A session is a file; the paper tests on sessions that were not trained on (`--split session`). Which person a file is of, the
number of its folder says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.readers import apart
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.readers.public.layout import File, Layout, by_sessions, numbers, refuse_choice
from emgdeploy.signals.recordings import UNUSED, Dataset, Recording

_RATE_HZ, _BAND, _MILLIVOLTS = 2000.0, 16, 1e-3
_HINT = "--data takes the folder with the sessions (.hdf5) of one person or of several"
_TABLE, _KEYS = "emg2qwerty/timeseries", "emg2qwerty@keystrokes"
_FIELDS = tuple(f"{_TABLE}/{name}" for name in ("time", "emg_left", "emg_right"))
_LONGEST_KEY, _MOST_KEYS = 30, 1_000_000


def _read(files: Sequence[File], options: ReadOptions) -> Dataset:
    refuse_choice(options, "emg2qwerty")
    names: dict[str, int] = {}
    recordings = []
    for file in files:
        found = apart.read(file.path, (*_FIELDS, _KEYS), _HINT, "hdf5")
        missing = [name for name in (*_FIELDS, _KEYS) if name not in found]
        if missing:
            raise InputError(f"{file.path}: there is no {missing[0]} in it", _HINT)
        bands = [numbers(found[name], _BAND, name, file.path, _HINT) for name in _FIELDS[1:]]
        samples = np.concatenate(bands, axis=1) * np.float32(_MILLIVOLTS)
        labels = _keys(found, len(samples), names, file)
        recordings.append(Recording(samples, labels, file.subject, file.session, 1, name=file.path.name))
    return Dataset(
        "emg2qwerty",
        by_sessions(recordings),
        tuple(names),
        _RATE_HZ,
        (2, _BAND),
        tuple(range(2 * _BAND)),
        _MILLIVOLTS,
    )


def _keys(
    found: dict[str, NDArray[np.generic]], samples: int, names: dict[str, int], file: File
) -> NDArray[np.int64]:
    """(S,) the key that is down, -1 for none."""
    time = np.asarray(found[_FIELDS[0]], np.float64).ravel()
    labels = np.full(samples, UNUSED, np.int64)
    try:
        strokes = json.loads(str(found[_KEYS].item()))
        if len(time) != samples or len(strokes) > _MOST_KEYS or not bool(np.isfinite(time).all()):
            raise ValueError
        for stroke in strokes:
            begin, end = np.searchsorted(time, [float(stroke["start"]), float(stroke["end"])])
            key = str(stroke["key"])[:_LONGEST_KEY]
            labels[begin:end] = names.setdefault(key, len(names))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputError(
            f"{file.path}: keystrokes must be a JSON list of key, start and end, in the time of its samples",
            _HINT,
        ) from None
    return labels


def _session(file: File) -> File:
    """Sessions are numbered by the files that lie beside this one."""
    beside = sorted(path.name for path in file.path.parent.glob("*.hdf5"))
    return replace(file, session=beside.index(file.path.name) + 1)


def _preprocess(dataset: Dataset) -> Preprocess:
    """RMS over 40 ms: a key is down for about a tenth of a second."""
    return Preprocess(
        sample_rate_hz=dataset.sample_rate_hz,
        grid=dataset.grid,
        electrodes=dataset.electrodes,
        window_ms=40.0,
        stride_ms=20.0,
        image="rms",
        bandpass_hz=(20.0, 850.0),
        log_epsilon=1e-3,
        normalise="electrode",
    )


LAYOUTS = (
    Layout("emg2qwerty", re.compile(r"(?P<subject>\d{1,9})/[^/]+\.hdf5$"), "89335547/....hdf5 and its like", _read,
           _preprocess, _session),
)  # fmt: skip
