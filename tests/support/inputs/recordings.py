"""Recordings of a few seconds in exactly the layouts that the readers take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat


def write_trial(folder: Path, trial: int = 1, **changed: Any) -> Path:
    """A short trial in exactly the published layout: 0.5 s of rest, two gestures of 0.5 s, 3 s of tail."""
    rng = np.random.default_rng(trial)
    p = {
        "lsbmV": 0.5,
        "labelnames": np.array([["Fist", "Open"]], dtype=object),
        "numlabels": 2,
        "sequence": np.array([[2, 1]]),
        "reps": 1,
        "timegest": 500,
        "timerest": 500,
    }
    raw = rng.integers(0, 100, (4500, 96)).astype(np.uint16)
    content: dict[str, Any] = {"raw": changed.pop("raw", raw), "p": {**p, **changed}}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"001-{trial:03d}.mat"
    savemat(path, {name: value for name, value in content.items() if value is not None})
    return path
