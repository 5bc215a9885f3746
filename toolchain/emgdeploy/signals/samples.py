"""Samples out of a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.float32_math import Single

_HINT = "samples are one row per sampling interval, one column per channel"


def load(path: Path) -> Single:
    """(S, channels) of a .csv table, a .npy array or the array "x" of a .npz. Raises InputError."""
    values: NDArray[np.generic] = arrayfile.one(arrayfile.read(path, _HINT), arrayfile.ONLY, path, _HINT)
    if values.ndim != 2 or values.dtype.kind not in "iuf":
        raise InputError(f"{path}: holds {values.dtype} of shape {values.shape}", _HINT)
    with np.errstate(over="ignore"):  # what no float32 holds is a bad sample
        return np.asarray(values.astype(np.float32))
