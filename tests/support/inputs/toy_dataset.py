"""Recordings that any network learns in seconds."""

from __future__ import annotations

import numpy as np

from emgdeploy.signals import Preprocess
from emgdeploy.signals.recordings import Dataset, Recording


def toy_dataset(classes: int = 3, trials: int = 20) -> Dataset:
    """A few electrodes of noise whose strength is the class: easily learned from RMS images."""
    rng = np.random.default_rng(0)
    recordings = [
        Recording(
            (rng.normal(size=(300, 6)) * np.roll([4.0, 1, 1, 1, 1, 1], 2 * label)).astype(np.float32),
            np.full(300, label, np.int64),
            1,
            1,
            trial * classes + label,
        )
        # Class by class, as recordings lie on a disk: nothing may depend on neighbours being a fair sample.
        for label in range(classes)
        for trial in range(trials)
    ]
    names = tuple(f"class {label}" for label in range(classes))
    return Dataset("toy", tuple(recordings), names, 1000.0, (2, 3), tuple(range(6)))


def toy_preprocess() -> Preprocess:
    """RMS images of them."""
    return Preprocess(1000.0, (2, 3), tuple(range(6)), 50.0, 25.0, log_epsilon=0.01, normalise="global")
