"""A user's own reader: the `module:function` that they named gives the recordings."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from emgdeploy.errors import EmgDeployError
from emgdeploy.signals import named
from emgdeploy.signals.recordings import UNUSED, Dataset

_HINT = "docs/data.md shows a reader of one's own"


def read(name: str, folder: Path | None) -> Dataset:
    """What the function gives for the folder of `--data`, None where there is none.

    Raises UsageError, with one sentence for each way in which this can fail; of this project's own errors that the
    function raises, those.
    """
    with named.current_folder_on_path():
        function = named.imported(name, "--dataset")
        try:
            made = function(folder)
        except EmgDeployError:
            raise
        except (Exception, SystemExit) as error:
            raise named.failed(name, "--dataset", "calling it with the folder", error) from error
    if not isinstance(made, Dataset):
        kind = type(made).__name__
        raise named.wrong(
            name, "--dataset", f"gives a {kind}, not an emgdeploy.signals.recordings.Dataset", _HINT
        )
    problem = _problem(made)
    if problem:
        raise named.wrong(name, "--dataset", problem, _HINT)
    return replace(made, name=name)


def _problem(made: Dataset) -> str:
    """What cannot be in a data set, or ""."""
    if not made.recordings or not made.labels or len(set(made.labels)) != len(made.labels):
        return "gives no recordings, or labels that are not different names"
    if not 0 < made.sample_rate_hz < math.inf:
        return f"gives a rate of {made.sample_rate_hz} Hz"
    if min(made.grid) < 1 or len(made.electrodes) != made.grid[0] * made.grid[1]:
        return f"gives {len(made.electrodes)} electrodes for a grid of {made.grid[0]} x {made.grid[1]}"
    for number, one in enumerate(made.recordings, 1):
        if one.samples.ndim != 2 or one.samples.dtype != np.float32 or not np.isfinite(one.samples).all():
            return f"recording {number}: samples must be (S, channels) float32, and finite"
        if one.samples.shape[1] <= max(made.electrodes):
            return f"recording {number}: has {one.samples.shape[1]} channels, electrode {max(made.electrodes)} is missing"
        if one.labels.shape != one.samples.shape[:1] or one.labels.dtype != np.int64:
            return f"recording {number}: labels must be (S,) int64"
        if one.labels.size and not UNUSED <= one.labels.min() <= one.labels.max() < len(made.labels):
            return f"recording {number}: labels must be from -1 to {len(made.labels) - 1}"
    return ""
