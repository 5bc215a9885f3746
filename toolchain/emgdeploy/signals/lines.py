"""Lines of text as samples: what a serial port or a pipe gives, with whatever else stands in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals.float32_math import Single
from emgdeploy.text import printable

LONGEST_LINE = 1 << 20
_SHOWN = 60


@dataclass
class LineParser:
    """Rows of numbers out of lines. A line that is no sample is skipped and counted; a value that is empty or no
    number is NaN, which the preprocessing takes as bad.

    source: how messages call it. columns: of a sample; None takes those of the first line with at least `least`.
    in_a_row: so many lines that are no samples, one after the other, end it: `problem` then says so. skipped: such lines so far;
    first_skipped: what was wrong with the first.
    """

    source: str
    columns: int | None
    least: int
    in_a_row: int
    seen: int = 0
    skipped: int = 0
    first_skipped: str = ""
    problem: InputError | None = None
    _wrong: int = 0

    def rows(self, lines: list[bytes]) -> Single:
        """(S, columns) of those lines that are samples, up to where there is a problem."""
        found = [row for line in lines if (row := self._row(line)) is not None]
        return np.array(found, np.float64).reshape(len(found), self.columns or 0).astype(np.float32)

    def _row(self, line: bytes) -> list[float] | None:
        if self.problem is not None:
            return None
        self.seen += 1
        try:
            row = self._values(line)
        except ValueError as error:
            self._skip(line, str(error))
            return None
        self._wrong = 0
        return row

    def _values(self, line: bytes) -> list[float]:
        """Raises ValueError saying why it is no sample."""
        text = line.decode("ascii").strip() if line.isascii() else ""
        if not text:
            raise ValueError("is empty" if not line.strip() else "is no text")
        cells = split(text)
        if len(cells) - 1 == (self.columns or len(cells)) and not cells[-1]:
            del cells[-1]  # a separator ends each line
        try:
            row = [_number(cell) for cell in cells]
        except ValueError:
            raise ValueError("is no row of numbers") from None
        if self.columns is None and len(row) >= self.least:
            if row in (list(range(len(row))), list(range(1, len(row) + 1))):
                raise ValueError("numbers the columns")
            self.columns = len(row)
        if len(row) != self.columns:
            raise ValueError(f"has {len(row)} columns, not {self.columns or f'{self.least} or more'}")
        return row

    def _skip(self, line: bytes, reason: str) -> None:
        self.skipped += 1
        self._wrong += 1
        shown = printable(line[:_SHOWN].decode("latin-1").strip())
        self.first_skipped = self.first_skipped or f"line {self.seen} {reason}: '{shown}'"
        if self._wrong >= self.in_a_row:
            self.problem = InputError(
                f"{self.source}: {self._wrong:,} lines in a row are no samples; line {self.seen} {reason}: '{shown}'",
                "a line is one sample: a number for each channel, as in the recordings; --electrodes says which "
                "columns of other lines are the electrodes",
            )


def split(text: str) -> list[str]:
    """Cells between commas, semicolons (a comma is then a decimal point), tabs or spaces."""
    if ";" in text:
        return [cell.strip() for cell in text.replace(",", ".").split(";")]
    for mark in (",", "\t"):
        if mark in text:
            return [cell.strip() for cell in text.split(mark)]
    return text.split()


def _number(cell: str) -> float:
    if not cell:
        return float("nan")
    if "_" in cell:  # Python reads 1_000, no instrument writes it
        raise ValueError(cell)
    return float(cell)
