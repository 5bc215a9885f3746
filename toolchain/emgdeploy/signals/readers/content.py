"""A file of samples, whatever its kind: named arrays, and what the file says of its columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import arrayfile
from emgdeploy.signals.readers import matfile

SUFFIXES = (*arrayfile.SUFFIXES, ".mat")


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
    return Content(arrayfile.read(file, hint))


def matrix(
    content: Content, name: str, places: int, samples: int | None, file: Path, hint: str
) -> tuple[NDArray[Any], str]:
    """The matrix of samples of that name, and a note where it was turned: (channels, samples) is recognised.

    places: electrodes that it must have. samples: how many there must be, where that is known. Raises InputError.
    """
    value = arrayfile.one(content.arrays, name, file, hint)
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
