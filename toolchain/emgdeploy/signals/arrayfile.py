"""Arrays out of .csv, .npy and .npz files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError

ONLY = "x"


def read(file: Path, hint: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file; a .csv (with or without a line of headings) or .npy has one, `ONLY`.

    Raises InputError with `hint`.
    """
    try:
        content = file.read_bytes()
        if file.suffix == ".csv":
            return {ONLY: _csv(content.decode("utf-8"))}
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        return {ONLY: loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded}
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})", hint) from None
    # A damaged file makes the reader fail in many ways, of many classes.
    except Exception as error:
        raise InputError(f"{file}: holds no table of numbers ({error!s:.80})", hint) from None


def one(arrays: dict[str, NDArray[Any]], name: object, file: Path, hint: str) -> NDArray[Any]:
    """The array of that name. Raises InputError with `hint`."""
    if name not in arrays:
        raise InputError(f"{file}: there is no array {name!r} in it", hint)
    return arrays[str(name)]


def _csv(text: str) -> NDArray[Any]:
    rows = text.splitlines()
    if rows and not _is_numbers(rows[0]):
        del rows[0]
    if not rows:
        raise ValueError("no rows")
    return np.loadtxt(rows, delimiter=",", ndmin=2)


def _is_numbers(row: str) -> bool:
    try:
        [float(cell) for cell in row.split(",")]
    except ValueError:
        return False
    return True
