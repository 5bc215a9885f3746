"""Make the default model again: `python models/make_default.py` (a few minutes, needs the `train` extra).

Writes default.pt, default_calibration.npz and default_test.npz beside this file. Same machine and packages,
same files.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from emgdeploy.cli import main
from emgdeploy.files import write_atomic
from emgdeploy.signals import windowfile
from emgdeploy.signals.windowfile import Windows

HERE = Path(__file__).resolve().parent
TRAIN = (
    *("train", "--dataset", "simulated", "--sim-sessions", "3", "--sim-repetitions", "12"),
    *("--epochs", "6", "--seed", "1"),
)
CALIBRATION, TEST = 224, 448


def thinned(path: Path, count: int) -> Windows:
    """`count` windows evenly over the file in half precision, which int8 cannot tell from single."""
    windows = windowfile.load(path)
    chosen = windows.take(np.linspace(0, len(windows) - 1, count).round().astype(np.int64))
    return Windows(chosen.x.astype(np.float16), chosen.y, chosen.labels)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        status = main([*TRAIN, "--out", folder])
        if status == 0:
            write_atomic(HERE / "default.pt", (run / "checkpoint.pt").read_bytes())
            windowfile.save(HERE / "default_calibration.npz", thinned(run / "calibration.npz", CALIBRATION))
            windowfile.save(HERE / "default_test.npz", thinned(run / "test.npz", TEST))
    sys.exit(status)
