"""JSON of the EMG-EPN612 data set: a user's samples, eight channels of a Myo at 200 Hz, each with a gesture's name.

`samples_array` is a path such as `trainingSamples/idx_1`; without one, all recordings of `trainingSamples` stand one after
the other, `labels` is each sample's gesture, `repetitions` the number of its recording, and `active` whether the gesture is held, where
the file says it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

RATE_HZ = 200.0
"""Of the Myo: M. E. Benalcazar et al., "EMG-EPN-612 Dataset", Zenodo 2020, doi 10.5281/zenodo.4421500."""
_GROUPS = ("trainingSamples", "testingSamples")


def read(path: str, wanted: list[str], _size: int) -> dict[str, Any]:
    """Samples as the file has them, -128 to 127. Raises ValueError for another layout."""
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get(_GROUPS[0]), dict):
        raise ValueError("it has no trainingSamples, as the files of EMG-EPN612 have")
    chosen = [name for name in wanted if name.partition("/")[0] in _GROUPS]
    group, _, only = (chosen[0] if chosen else _GROUPS[0]).partition("/")
    trials = content.get(group) or {}
    names = [only] if only else list(trials)
    if only not in ("", *trials):
        return {"@there": np.array([f"{group}/{name}" for name in list(trials)[:50]] or [""])}
    parts = [_samples(trials[name]) for name in names]
    if not parts:
        raise ValueError(f"{group} is empty")
    lengths = [len(part) for part in parts]
    labels = [str(trials[name].get("gestureName", "")) for name in names]
    values = np.concatenate(parts)
    return {
        "x": values,
        **({chosen[0]: values} if chosen else {}),
        "@names": np.array([f"ch{number}" for number in range(1, values.shape[1] + 1)]),
        "@rate_hz": np.array([RATE_HZ]),
        "labels": np.repeat(np.array(labels), lengths),
        "repetitions": np.repeat(np.arange(1, len(parts) + 1), lengths),
        "active": np.concatenate(
            [_active(trials[name], len(part)) for name, part in zip(names, parts, strict=True)]
        ),
    }


def _active(trial: dict[str, Any], samples: int) -> np.ndarray[Any, Any]:
    """(samples,) bool; everywhere, where the file does not say from where to where."""
    said = trial.get("groundTruthIndex")
    if not isinstance(said, list) or len(said) != 2 or not all(type(one) is int for one in said):
        return np.ones(samples, bool)
    place = np.arange(1, samples + 1)  # as MATLAB counts
    return np.asarray((place >= said[0]) & (place <= said[1]))


def _samples(trial: dict[str, Any]) -> np.ndarray[Any, Any]:
    channels = trial["emg"]
    return np.column_stack(
        [np.asarray(channels[f"ch{number}"], np.float64) for number in range(1, len(channels) + 1)]
    )
