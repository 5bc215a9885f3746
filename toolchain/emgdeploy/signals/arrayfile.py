"""Arrays out of tables of text, .npy and .npz files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.signals import archive, texttable
from emgdeploy.signals.texttable import Table

ONLY = "x"
_FEW = 12
SUFFIXES = (*texttable.SUFFIXES, ".npy", ".npz")


def read(file: Path, hint: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file; a table of text or .npy has one, `ONLY`.

    Raises InputError with `hint`, or the kinds of files that are read.
    """
    check_suffix(file, SUFFIXES)
    if is_table(file):
        table = read_table(file, hint)
        if table.texts:
            column = min(table.texts)
            raise InputError(
                f"{file}: holds no table of numbers (column {column} has {table.texts[column][0]!r:.40})",
                hint,
            )
        return {ONLY: table.values}
    content = bounded.read(file, archive.LARGEST, hint)
    try:
        return {ONLY: archive.load_one(content)} if content.startswith(archive.NPY) else archive.load(content)
    # A damaged file makes the reader fail in many ways, of many classes.
    except Exception as error:
        raise InputError(f"{file}: holds no table of numbers ({error!s:.80})", hint) from None


def is_table(file: Path) -> bool:
    """Whether its name says that it is a table of text."""
    return file.suffix.lower() in texttable.SUFFIXES


def check_suffix(file: Path, suffixes: Sequence[str]) -> None:
    """Raises InputError that lists the suffixes for a file with none of them."""
    if file.suffix.lower() not in suffixes:
        raise InputError(
            f"{file}: files ending in {file.suffix or 'nothing'!r} are not read",
            f"files that are: {', '.join(suffixes)}",
        )


def one(arrays: dict[str, NDArray[Any]], name: object, file: Path, hint: str) -> NDArray[Any]:
    """The array of that name. Raises InputError with `hint`."""
    if name not in arrays:
        names = ", ".join(list(arrays)[:_FEW])
        there = (
            f"it has {names}: name one with samples_array in dataset.toml, or --samples-array"
            if arrays
            else hint
        )
        raise InputError(f"{file}: there is no array {name!r} in it", there)
    return arrays[str(name)]


def read_table(file: Path, hint: str) -> Table:
    """A table of text, in any of the forms that `texttable` knows. Raises InputError with `hint`."""
    content = bounded.read(file, archive.LARGEST, hint)
    try:
        return texttable.parse(content)
    except ValueError as error:
        raise InputError(f"{file}: holds no table of numbers ({error!s:.80})", hint) from None
