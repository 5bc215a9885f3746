"""WFDB records (PhysioNet; GRABMyo and Hyser among them) by wfdb: the .hea names the signal files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from emgdeploy import optional

_UNITS = {"uv": "uV", "mv": "mV", "v": "V"}


def read(path: str, _wanted: list[str], _size: int) -> dict[str, Any]:
    """All signals of the record, in its own units. Raises ValueError for signal files elsewhere."""
    wfdb = optional.load("wfdb", extra="formats")
    header = Path(path)
    record = str(header.with_suffix(""))
    head = wfdb.rdheader(record)
    if getattr(head, "file_name", None) is None:
        raise ValueError("a record of several segments is not read: name one of them")
    for name in head.file_name:
        if name != "~" and Path(name).name != name:
            raise ValueError("its signal files must lie beside it")
    found = wfdb.rdrecord(record)
    return {
        "x": np.asarray(found.p_signal, np.float64),
        "@names": np.array(found.sig_name),
        "@units": np.array([_UNITS.get((unit or "").lower(), "") for unit in found.units]),
        "@rate_hz": np.array([float(found.fs)]),
    }
