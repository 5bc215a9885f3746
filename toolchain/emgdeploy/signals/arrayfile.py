"""Arrays out of .csv, .npy and .npz files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.errors import InputError
from emgdeploy.signals import archive

ONLY = "x"
LONGEST_ROW = 1 << 17
"""Characters of a row of numbers: several thousand columns."""
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
# Rows that are looked at to tell whether whole numbers in the first one are samples or names.
_LOOKED_AT = 20


@dataclass(frozen=True)
class Table:
    """values: (S, C) float64, NaN where a cell is no number; names: of the columns, () without a line of headings;
    texts: column -> its cells, of columns that do not hold numbers alone."""

    values: NDArray[np.float64]
    names: tuple[str, ...]
    texts: dict[int, list[str]]


def read(file: Path, hint: str) -> dict[str, NDArray[Any]]:
    """The arrays of a file; a .csv (with or without a line of headings) or .npy has one, `ONLY`.

    Raises InputError with `hint`.
    """
    if file.suffix.lower() == ".csv":
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


def one(arrays: dict[str, NDArray[Any]], name: object, file: Path, hint: str) -> NDArray[Any]:
    """The array of that name. Raises InputError with `hint`."""
    if name not in arrays:
        raise InputError(f"{file}: there is no array {name!r} in it", hint)
    return arrays[str(name)]


def read_table(file: Path, hint: str) -> Table:
    """A .csv. Its first line is one of headings where it is no row of numbers, or numbers the columns.

    Raises InputError with `hint`.
    """
    content = bounded.read(file, archive.LARGEST, hint)
    try:
        return _table(content.decode("utf-8-sig").splitlines())
    except ValueError as error:
        raise InputError(f"{file}: holds no table of numbers ({error!s:.80})", hint) from None


def _table(rows: list[str]) -> Table:
    if max(map(len, rows), default=0) > LONGEST_ROW:
        raise ValueError(f"a line has more than {LONGEST_ROW:,} characters")
    names: tuple[str, ...] = ()
    if rows and _is_heading(rows):
        names = tuple(cell.strip().strip('"') for cell in rows.pop(0).split(","))
    if not rows:
        raise ValueError("no rows")
    try:
        texts: dict[int, list[str]] = {}
        values = np.loadtxt(rows, delimiter=",", ndmin=2)
    except ValueError as error:
        values, texts = _with_texts(rows, error)
    if names and len(names) != values.shape[1]:
        raise ValueError(f"{len(names)} headings for {values.shape[1]} columns")
    return Table(values, names, texts)


def _with_texts(rows: list[str], error: ValueError) -> tuple[NDArray[np.float64], dict[int, list[str]]]:
    """Columns of numbers, and the others as text. Raises `error` where rows differ in length or all is text."""
    cells = [row.split(",") for row in rows if row.strip()]
    if len({len(row) for row in cells}) != 1:
        raise error
    values, texts = np.full((len(cells), len(cells[0])), np.nan), {}
    for column, texted in enumerate(map(list, zip(*cells, strict=True))):
        try:
            values[:, column] = [float(cell) for cell in texted]
        except ValueError:
            texts[column] = [cell.strip().strip('"') for cell in texted]
    if len(texts) == values.shape[1]:
        raise error
    return values, texts


def _is_heading(rows: list[str]) -> bool:
    """Whether the first row names the columns: no cell of it is a number, or it numbers them.

    Whole numbers are names where they count the columns up from 0 or 1 (three or more of them, as spreadsheets
    and data frames write), or where no other row has whole numbers alone.
    """
    first = rows[0].split(",")
    if not all(map(_is_number, first)):
        return not any(map(_is_number, first)) or len(rows) < 2 or _is_all_numbers(rows[1])
    if not all(map(_WHOLE.fullmatch, first)) or len(set(first)) != len(first) or len(first) < 2:
        return False
    numbers = [int(cell) for cell in first]
    counts_up = len(numbers) > 2 and numbers in (
        list(range(len(numbers))),
        list(range(1, len(numbers) + 1)),
    )
    others = [row.split(",") for row in rows[1 : 1 + _LOOKED_AT]]
    return counts_up or (bool(others) and not any(all(map(_WHOLE.fullmatch, row)) for row in others))


def _is_all_numbers(row: str) -> bool:
    return all(map(_is_number, row.split(",")))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
