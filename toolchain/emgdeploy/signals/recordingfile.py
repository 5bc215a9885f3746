"""The file in which samples are kept as they came: an .npz that every verb reads like any other recording.

| array | |
|---|---|
| `x` | (S, channels) numbers as they came |
| `rate_hz` | samples in a second |
| `unit` | of the numbers: mV, uV, V or counts |
| `names` | (channels,) of the channels; left out where they have none |
| `time_s` | (S,) when each sample arrived, in seconds since the first one; left out where nobody knows |

No time of day, no name of a person, a machine or a place is in it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.files import write_atomic

SUFFIX = ".npz"
SAMPLES = "x"


@dataclass(frozen=True)
class Told:
    """What a file of arrays says of its samples. names and units: of each channel, or (); rate_hz: None where it says none."""

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    rate_hz: float | None = None


def save(
    path: Path,
    samples: NDArray[Any],
    rate_hz: float,
    unit: str,
    names: tuple[str, ...] = (),
    time_s: NDArray[np.float64] | None = None,
    more: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write a recording, whole or not at all.

    samples: (S, channels); more: other arrays of (S,), such as a class for each sample.
    """
    arrays = {SAMPLES: samples, "rate_hz": np.array(rate_hz), "unit": np.array(unit), **(more or {})}
    if names:
        arrays["names"] = np.array(names, np.str_)
    if time_s is not None:
        arrays["time_s"] = time_s
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomic(path, buffer.getvalue())


def told(arrays: Mapping[str, NDArray[Any]]) -> Told:
    """What the arrays of a file say; nothing where they are another's and mean something else."""
    x = arrays.get(SAMPLES)
    if x is None or x.ndim != 2:
        return Told()
    names, unit, rate = (arrays.get(name) for name in ("names", "unit", "rate_hz"))
    named = names is not None and names.dtype.kind == "U" and names.shape == x.shape[1:]
    united = unit is not None and unit.dtype.kind == "U" and unit.shape == ()
    rated = rate is not None and rate.shape == () and rate.dtype.kind in "iuf" and 0 < float(rate) < 1e9
    return Told(
        tuple(map(str, names)) if names is not None and named else (),
        (str(unit),) * x.shape[1] if united else (),
        float(rate) if rate is not None and rated else None,
    )
