"""recordings.json: what a training's recordings look like, electrode by electrode."""

from __future__ import annotations

from typing import Any

import numpy as np

from emgdeploy.nets.experiment import Task
from emgdeploy.signals.preprocess import NO_ELECTRODE
from emgdeploy.signals.quality.judge import Quality

SCHEMA = "emgdeploy.recordings/1"
FILE = "recordings.json"


def to_dict(task: Task, quality: Quality) -> dict[str, Any]:
    """Amplitude of each place of the grid in training windows of each gesture, in the recordings' unit, None where
    there is no electrode or no window; and the check of channels."""
    levels, electrodes = task.levels, np.asarray(task.preprocess.electrodes)
    strength = np.maximum(np.exp(levels.means) - levels.floor, 0.0)
    known = (electrodes != NO_ELECTRODE) & (levels.shares[:, None] > 0)
    amplitude = {
        label: [float(f"{value:.4g}") if there else None for value, there in zip(row, here, strict=True)]
        for label, row, here in zip(task.dataset.labels, strength, known, strict=True)
    }
    return {
        "schema": SCHEMA,
        "grid": list(levels.grid),
        "unit": task.dataset.unit,
        "amplitude": amplitude,
        "quality": quality.to_dict(),
    }
