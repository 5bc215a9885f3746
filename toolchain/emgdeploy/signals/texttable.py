"""Tables of numbers as instruments and laboratories write them as text.

Cells stand between commas, semicolons, tabs or spaces; a decimal mark may be a comma. Above the numbers there may be
lines of any kind; the last of them with as many cells as the rows names the columns, and one below it may say their
units. Lines that begin with #, % or // are comments. What is found this way is said by the middle of the file, not by
its name.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LONGEST_ROW = 1 << 17
"""Characters of a row of numbers: several thousand columns."""
SUFFIXES = (".csv", ".tsv", ".txt", ".asc")

_COMMENT = re.compile(r"\s*(#|%|//)+\s?")
_SEPARATORS = (";", "\t", ",", " ")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_UNIT = re.compile(r"(?:^|[(\[_\s])([mMuUµμ]?)(?:V|[Vv]olts?)[)\]]?$")
_UNIT_ROW = re.compile(r"[(\[]?([mMuUµμ]?V|m?s|sec|[Vv]olts?|g|G|Hz|%|a\.?u\.?|-|)[)\]]?")
_RATE = re.compile(
    r"(?:sampl\w*[ _-]*(?:rate|freq\w*)|\bfrequency|\bfs)\b[^\d\n]{0,20}(\d+(?:[.,]\d+)?)\s*(k?hz)?", re.I
)
# Rows that are looked at to tell the form of all.
_LOOKED_AT = 40


@dataclass(frozen=True)
class Table:
    """values: (S, C) float64, NaN where a cell is no number; names: of the columns, () without a line of headings;
    texts: column -> its cells, of columns that hold no numbers; units: mV, uV, V or "" of each column, or ();
    rate_hz: where a line above the numbers says it."""

    values: NDArray[np.float64]
    names: tuple[str, ...]
    texts: dict[int, list[str]] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    rate_hz: float | None = None


@dataclass(frozen=True)
class _Form:
    """How rows are written. numeric: the columns that hold numbers; trailing: whether a separator ends each row."""

    separator: str
    cells: int
    decimal_comma: bool
    numeric: tuple[int, ...]
    trailing: bool


def parse(content: bytes) -> Table:
    """Raises ValueError saying why it is no table of numbers."""
    lines = [(n, line) for n, line in enumerate(_decoded(content).splitlines(), 1) if line.strip()]
    if max((len(line) for _, line in lines), default=0) > LONGEST_ROW:
        raise ValueError(f"a line has more than {LONGEST_ROW:,} characters")
    rows = [item for item in lines if not _COMMENT.match(item[1])]
    form = _form([line for _, line in rows])
    first = next((i for i, (_, line) in enumerate(rows) if _is_data(_split(line, form), form)), None)
    if first is None:
        raise ValueError("no rows of numbers")
    body = [line for _, line in rows[first:]]
    above = [line for number, line in lines if number < rows[first][0]]
    if _numbers_columns(body, form):
        above.append(body.pop(0))
    if not body:
        raise ValueError("no rows")
    values, texts = _values(body, form, [number for number, _ in rows[-len(body) :]])
    names, units = _headings(above, form)
    return Table(values, names, texts, units, _rate(above))


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\x00" in content:
            raise
        return content.decode("latin-1")  # a micro sign of an older program


def _form(rows: list[str]) -> _Form:
    """The separator under which most cells in the middle of the file are numbers."""
    middle = len(rows) // 2
    sample = rows[middle : middle + _LOOKED_AT] or rows
    if not sample:
        raise ValueError("no rows")
    found = [_form_with(separator, sample, rows) for separator in _SEPARATORS]
    return max(found, key=lambda item: item[0])[1]


def _form_with(separator: str, sample: list[str], rows: list[str]) -> tuple[tuple[float, int], _Form]:
    """How well a separator suits: the share of cells that are numbers, then their count."""
    plain = _Form(separator, 0, False, (), False)
    split = [_split(row, plain) for row in sample]
    count = Counter(map(len, split)).most_common(1)[0][0]
    split = [cells for cells in split if len(cells) == count]
    # A column may be empty from some row on, where a slower sensor has ended: no end of each row then.
    trailing = (
        count > 1
        and all(not cells[-1] for cells in split)
        and sum(not row.rstrip(" ").endswith(separator) for row in rows) <= max(10, len(rows) // 100)
    )
    count -= trailing
    comma = (
        separator != ","
        and count > 1
        and any(_DECIMAL_COMMA.fullmatch(cell) for row in split for cell in row)
    )
    numeric = []
    share = 0.0
    for column in range(count):
        cells = [row[column] for row in split if row[column]]
        good = sum(_number(cell, comma) is not None for cell in cells)
        share += good / len(split)
        if good and 2 * good >= len(cells):
            numeric.append(column)
    return (share / count, count), _Form(separator, count, comma, tuple(numeric), trailing)


def _split(row: str, form: _Form) -> list[str]:
    if form.separator == " ":
        cells = next(csv.reader([" ".join(row.split())], delimiter=" "), []) if '"' in row else row.split()
    elif '"' in row:
        cells = next(csv.reader([row], delimiter=form.separator, skipinitialspace=True), [])
    else:
        cells = row.split(form.separator)
    cells = [cell.strip() for cell in cells]
    if form.trailing and len(cells) == form.cells + 1 and not cells[-1]:
        cells.pop()
    return cells


def _number(cell: str, decimal_comma: bool) -> float | None:
    if "_" in cell:  # Python reads 1_000, no instrument writes it
        return None
    try:
        return float(cell.replace(",", ".") if decimal_comma else cell)
    except ValueError:
        return None


def _is_data(cells: list[str], form: _Form) -> bool:
    """Whether all cells are numbers, or empty, that are numbers in other rows."""
    if len(cells) != form.cells:
        return False
    given = [cells[column] for column in form.numeric if cells[column]]
    return bool(given) and all(_number(cell, form.decimal_comma) is not None for cell in given)


def _numbers_columns(body: list[str], form: _Form) -> bool:
    """Whether the first row of numbers names the columns.

    Whole numbers do where they count the columns up from 0 or 1 (three or more of them, as spreadsheets and data
    frames write, these with an empty cell above their own count), or where no other row has whole numbers alone.
    """
    first = _split(body[0], form)
    first = first[1:] if first and not first[0] else first
    if not all(map(_WHOLE.fullmatch, first)) or len(set(first)) != len(first) or len(first) < 2:
        return False
    numbers = [int(cell) for cell in first]
    counts_up = len(numbers) > 2 and numbers in (
        list(range(len(numbers))),
        list(range(1, len(numbers) + 1)),
    )
    others = [_split(row, form) for row in body[1 : 1 + _LOOKED_AT // 2]]
    return counts_up or (bool(others) and not any(all(map(_WHOLE.fullmatch, row)) for row in others))


def _values(
    body: list[str], form: _Form, numbers: list[int]
) -> tuple[NDArray[np.float64], dict[int, list[str]]]:
    """All columns as numbers, and as text those that hold none. numbers: of the lines in the file."""
    if len(form.numeric) == form.cells and not form.trailing:
        plain = [row.replace(",", ".") for row in body] if form.decimal_comma else body
        try:
            separator = None if form.separator == " " else form.separator
            values = np.loadtxt(plain, delimiter=separator, ndmin=2, comments=None, quotechar='"')
            if values.shape == (len(body), form.cells):
                return values, {}
        except ValueError:
            pass  # an empty cell, or a row of another length: said below
    split = [_split(row, form) for row in body]
    for number, cells in zip(numbers, split, strict=True):
        if len(cells) != form.cells:
            raise ValueError(f"line {number} has {len(cells)} cells, others have {form.cells}")
    values, texts = np.full((len(split), form.cells), np.nan), {}
    for column, cells in enumerate(map(list, zip(*split, strict=True))):
        found = [_number(cell, form.decimal_comma) for cell in cells]
        good = sum(number is not None for number in found)
        if 2 * good >= sum(map(bool, cells)) and good:
            values[:, column] = [np.nan if number is None else number for number in found]
        else:
            texts[column] = cells
    if len(texts) == form.cells:
        raise ValueError("no column is one of numbers")
    return values, texts


def _headings(above: list[str], form: _Form) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units of the columns, out of the lines above the numbers."""
    rows = [cells for line in above if (cells := _heading(line, form))]
    units: tuple[str, ...] = ()
    if rows and all(map(_UNIT_ROW.fullmatch, rows[-1])) and any(rows[-1]):
        units = tuple(map(unit_in, rows.pop()))
    names = tuple(rows[-1]) if rows else ()
    units = units or tuple(map(unit_in, names))
    return names, units if any(units) else ()


def _heading(line: str, form: _Form) -> list[str]:
    """The cells of a line where they are as many as the columns; a comment may separate them by other marks."""
    text = _COMMENT.sub("", line, count=1)
    commented = text != line
    for separator in (form.separator, *(_SEPARATORS[:3] if commented else ())):
        cells = _split(text, _Form(separator, form.cells, False, (), form.trailing))
        if len(cells) == form.cells and (form.cells > 1 or not commented):
            return cells
    return []


def unit_in(name: str) -> str:
    """The unit that a name ends with, as in `EMG 1 (mV)` or `ch0[V]`: mV, uV, V, or ""."""
    found = _UNIT.search(name.strip())
    return "" if found is None else {"m": "m", "u": "u", "µ": "u", "μ": "u"}.get(found[1].lower(), "") + "V"


def _rate(above: list[str]) -> float | None:
    for line in above:
        found = _RATE.search(line)
        if found is not None:
            rate = float(found[1].replace(",", ".")) * (1000 if (found[2] or "").lower() == "khz" else 1)
            return rate if rate > 0 else None
    return None
