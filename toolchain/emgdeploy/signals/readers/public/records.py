"""WFDB records as the public data sets of PhysioNet have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals.arrayfile import ONLY
from emgdeploy.signals.readers import content
from emgdeploy.signals.readers.content import Content
from emgdeploy.signals.readers.described import UNITS


def record(path: Path, hint: str) -> Content:
    """All signals of a record. Raises InputError, ToolMissingError without wfdb."""
    found = content.read(path, (ONLY,), hint)
    if not found.names:
        raise InputError(f"{path}: its signals have no names", hint)
    return found


def millivolts(found: Content) -> NDArray[np.float64]:
    """(S, signals) in mV; a signal without a unit counts as such."""
    scales = np.array([UNITS.get(unit, 1.0) for unit in found.units or ("",) * len(found.names)])
    return np.asarray(found.arrays[ONLY] * scales, np.float64)
