"""A file of samples, whatever its kind: named arrays, and what the file says of its columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile, recordingfile
from emgdeploy.signals.readers import apart, matfile
from emgdeploy.signals.readers.formats import KINDS

SUFFIXES = (*arrayfile.SUFFIXES, ".mat", *KINDS)


@dataclass(frozen=True)
class Content:
    """arrays: by name. names and units (mV, uV, V or ""): of the columns of the array `x`, or (); texts: its columns
    that hold no numbers; rate_hz: where the file says it."""

    arrays: dict[str, NDArray[Any]]
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    texts: dict[int, list[str]] = field(default_factory=dict)
    rate_hz: float | None = None


def read(file: Path, wanted: tuple[str, ...], hint: str) -> Content:
    """Those of the arrays `wanted` that the file has, at least. Raises InputError with `hint`."""
    arrayfile.check_suffix(file, SUFFIXES)
    if arrayfile.is_table(file):
        table = arrayfile.read_table(file, hint)
        return Content({arrayfile.ONLY: table.values}, table.names, table.units, table.texts, table.rate_hz)
    if file.suffix.lower() == ".mat":
        return Content(matfile.load(file, wanted, hint))
    if file.suffix.lower() in KINDS:
        return _foreign(apart.read(file, wanted, hint, KINDS[file.suffix.lower()]), wanted, file, hint)
    arrays = arrayfile.read(file, hint)
    told = recordingfile.told(arrays)
    return Content(arrays, told.names, told.units, rate_hz=told.rate_hz)


def _foreign(found: dict[str, Any], wanted: tuple[str, ...], file: Path, hint: str) -> Content:
    """What the modules of `formats` give. Raises InputError for an array that is not there."""
    names, units, rate, there = (found.pop(key, None) for key in ("@names", "@units", "@rate_hz", "@there"))
    missing = next((name for name in wanted if name not in found), None)
    if missing is not None:
        known = [str(name) for name in there] if there is not None else list(found)
        raise InputError(
            f"{file}: there is no array {missing!r} in it",
            f"it has {', '.join(known[:12])}" if known[0] else hint,
        )
    return Content(
        found,
        () if names is None else tuple(map(str, names)),
        () if units is None or not any(units) else tuple(map(str, units)),
        rate_hz=None if rate is None else float(rate[0]),
    )


def matrix(
    content: Content, name: str, places: int, samples: int | None, file: Path, hint: str
) -> tuple[NDArray[Any], str]:
    """The matrix of samples of that name, and a note where it was turned: (channels, samples) is recognised.

    places: electrodes that it must have. samples: how many there must be, where that is known. Raises InputError.
    """
    value = arrayfile.one(content.arrays, name, file, hint)
    if value.ndim == 3:
        raise InputError(
            f"{file}: {name!r} has three axes, {value.shape}: windows or trials, one after the other",
            "give each trial as a matrix of samples x channels, a file or an array of its own; windows are cut here",
        )
    if value.ndim != 2 or value.dtype.kind not in "iuf" or value.size == 0:
        raise InputError(
            f"{file}: the samples must be a matrix of numbers, {name!r} is {value.dtype} of shape {value.shape}",
            hint,
        )
    rows, columns = value.shape
    turned = max(places, 1) <= rows and columns >= 4 * rows and not content.names
    if samples in (rows, columns) and rows != columns:
        turned = samples == columns
    if not turned:
        return value, ""
    return value.T, f"{file.name}: {name} is {rows} x {columns} and taken as channels x samples"
