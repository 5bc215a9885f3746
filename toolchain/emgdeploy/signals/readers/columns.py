"""Which columns of a recording are electrodes.

Columns are numbered as in the file, from 0, whatever else of it is used; a .csv with a line of headings names them
as well. Where nobody says which are electrodes, all are but those that say the class or the time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError

_HINT = (
    "write `electrodes` into dataset.toml: the column of each electrode, row by row, by number from 0 or name"
)
# Steps of a counter are alike but for its starts from anew; times never fall, and many rise.
_STEADY, _MOST_STEPS, _SOME_STEPS = 0.5, 0.98, 0.02
# The share by which a file's own clock may differ from the rate that is written down.
_CLOCK = 0.02
_FEW = 12
_EMG = re.compile(r"(?<![a-z])e[mx]g(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Sheet:
    """One recording as its file has it: values (S, C) numbers, NaN where a cell is no number; names of the columns or ();
    label_column: what says the class, None where no column does."""

    file: Path
    values: NDArray[Any]
    names: tuple[str, ...] = ()
    label_column: int | None = None

    def column(self, wanted: object, what: str) -> int:
        """The number of a column by number or name. Raises InputError naming the file."""
        if isinstance(wanted, str) and wanted in self.names:
            return self.names.index(wanted)
        if type(wanted) is int and 0 <= wanted < self.values.shape[1]:
            return wanted
        there = f"its columns are {_listed(self.names)}" if self.names else "columns count from 0"
        raise InputError(
            f"{self.file}: has {self.values.shape[1]} columns, there is no column {wanted!r} for {what}",
            there,
        )

    def named(self, column: int) -> str:
        """A column for people."""
        return f"{column} ({self.names[column]})" if self.names else str(column)


@dataclass(frozen=True)
class Columns:
    """samples: of each recording (S, channels) float32; electrodes: the channel of each place of the array, -1 for
    none; names: of the channels, or (). notes and doubts: what people should know of the choice."""

    samples: tuple[NDArray[np.float32], ...]
    electrodes: tuple[int, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def choose(
    sheets: Sequence[Sheet], wanted: Sequence[int | str] | None, places: int, rate_hz: float
) -> Columns:
    """The electrodes of recordings that belong together.

    wanted: the column of each place, by number or name, -1 for none; None takes the first `places` columns that
    can be electrodes. Channels are the files' columns; only where files differ in which columns are electrodes,
    channels are the electrodes alone. Raises InputError naming the file and the column.
    """
    doubts: list[str] = []
    if wanted is None:
        clocks = _clocks(sheets)
        chosen = [_free(sheet, clocks, places) for sheet in sheets]
        doubts += _of_clock(sheets[0], clocks, rate_hz)
    else:
        chosen = [[_explicit(sheet, column) for column in wanted] for sheet in sheets]
        doubts += _rising(sheets, chosen)
    notes = _unused(sheets[0], chosen[0])
    if len({(*electrodes, sheet.names) for electrodes, sheet in zip(chosen, sheets, strict=True)}) == 1:
        samples = tuple(_used(sheet, electrodes) for sheet, electrodes in zip(sheets, chosen, strict=True))
        return Columns(samples, tuple(chosen[0]), sheets[0].names, notes, tuple(doubts))
    present = [place for place, column in enumerate(chosen[0]) if column >= 0]
    samples = tuple(
        _used(sheet, electrodes)[:, [electrodes[place] for place in present]]
        for sheet, electrodes in zip(sheets, chosen, strict=True)
    )
    numbers = {place: number for number, place in enumerate(present)}
    electrodes = tuple(numbers.get(place, -1) for place in range(len(chosen[0])))
    return Columns(samples, electrodes, (), notes, tuple(doubts))


def _explicit(sheet: Sheet, wanted: int | str) -> int:
    if wanted == -1:
        return -1
    column = sheet.column(wanted, "an electrode")
    if column == sheet.label_column:
        raise InputError(f"{sheet.file}: column {sheet.named(column)} is an electrode and the class", _HINT)
    return column


def free_columns(sheet: Sheet, clocks: frozenset[int] | None = None) -> list[int]:
    """The columns that are neither class, clock nor text, and, where headings say EMG or EXG of some, of these;
    clocks: None finds them in this sheet alone."""
    known = _clocks([sheet]) if clocks is None else clocks
    free = [
        column
        for column in range(sheet.values.shape[1])
        if column != sheet.label_column
        and column not in known
        and not np.isnan(sheet.values[:, column]).all()
    ]
    called = [column for column in free if sheet.names and _EMG.search(sheet.names[column])]
    return called or free


def _free(sheet: Sheet, clocks: frozenset[int], places: int) -> list[int]:
    free = free_columns(sheet, clocks)
    if len(free) < places:
        taken = f" without column {sheet.named(min(clocks))}, which is a time or a counter" if clocks else ""
        raise InputError(
            f"{sheet.file}: has {len(free)} columns for electrodes{taken}; the grid wants {places}, "
            f"channel {places - 1} is missing",
            _HINT,
        )
    return free[:places]


def _clocks(sheets: Sequence[Sheet]) -> frozenset[int]:
    """Columns that rise or fall steadily in every recording: a time or a counter."""
    width = min(sheet.values.shape[1] for sheet in sheets)
    found = frozenset(
        column for column in range(width) if all(_is_clock(sheet.values[:, column]) for sheet in sheets)
    )
    if found and len({sheet.values.shape[1] for sheet in sheets}) > 1:
        odd = next(sheet for sheet in sheets if sheet.values.shape[1] != sheets[0].values.shape[1])
        raise InputError(
            f"{odd.file}: has {odd.values.shape[1]} columns, {sheets[0].file.name} has "
            f"{sheets[0].values.shape[1]}, and column {min(found)} is a time or a counter",
            _HINT,
        )
    return found


def _is_clock(values: NDArray[Any]) -> bool:
    """Whether values rise or fall as no signal does. Classes rise too, but in a few steps."""
    ends = len(values) - int(np.argmax(np.isfinite(values[::-1])))  # a slower sensor's column ends before
    values = values[:ends]
    if len(values) < 8 or not np.isfinite(values).all():
        return False
    steps = np.diff(values.astype(np.float64))
    usual = float(np.median(steps))
    steady = np.abs(steps - usual) <= _STEADY * abs(usual)
    if usual != 0 and np.mean(steady) > _MOST_STEPS:
        return True
    never_turns = bool((steps >= 0).all() or (steps <= 0).all())
    return never_turns and bool(np.mean(steps != 0) > _SOME_STEPS)


def _of_clock(sheet: Sheet, clocks: frozenset[int], rate_hz: float) -> list[str]:
    """A doubt where a file's own time is not that of the rate written down. Whole steps are a counter's."""
    doubts = []
    for column in sorted(clocks):
        values = sheet.values[:, column]
        if not np.isfinite(values).all():
            continue  # of a sensor with another rate
        step = float(values[-1] - values[0]) / (len(values) - 1)
        rates = [unit / step for unit in (1.0, 1e3, 1e6)] if step > 0 and step != round(step) else []
        if rates and min(abs(rate / rate_hz - 1) for rate in rates) > _CLOCK:
            doubts.append(
                f"{sheet.file.name}: column {sheet.named(column)} rises by {step:.6g}, which is no time at "
                f"{rate_hz:g} Hz; is sample_rate_hz right?"
            )
    return doubts


def own_rate(sheet: Sheet) -> float | None:
    """The rate in Hz that a time in seconds among the columns says, None where there is none."""
    for column in sorted(_clocks([sheet])):
        values = sheet.values[:, column]
        if not np.isfinite(values).all():
            continue
        step = float(values[-1] - values[0]) / (len(values) - 1)
        if 0 < step < 1:
            rate = 1 / step
            return round(rate) if abs(rate / round(rate) - 1) < 1e-3 else rate
    return None


def _rising(sheets: Sequence[Sheet], chosen: Sequence[Sequence[int]]) -> list[str]:
    """A doubt for each electrode that was named and is a time or a counter."""
    columns = sorted({column for column in chosen[0] if column >= 0})
    found = [c for c in columns if all(_is_clock(sheet.values[:, c]) for sheet in sheets if c in chosen[0])]
    return [
        f"{sheets[0].file.name}: column {sheets[0].named(column)} is named as an electrode and rises steadily: "
        "is it a time or a counter?"
        for column in found
    ]


def _unused(sheet: Sheet, electrodes: Sequence[int]) -> tuple[str, ...]:
    """A note of the columns that are neither electrodes nor the class."""
    used = {*electrodes, sheet.label_column}
    left = [sheet.named(column) for column in range(sheet.values.shape[1]) if column not in used]
    if not left:
        return ()
    return (f"{sheet.file.name}: column{'s' if len(left) > 1 else ''} {_listed(left)} not used",)


def _used(sheet: Sheet, electrodes: Sequence[int]) -> NDArray[np.float32]:
    """All values, 0 in columns that are no electrodes. Raises InputError for an electrode's value that is no number."""
    columns = sorted({column for column in electrodes if column >= 0})
    result = np.zeros(sheet.values.shape, np.float32)
    with np.errstate(over="ignore"):  # what no float32 can be becomes infinite
        result[:, columns] = sheet.values[:, columns]
    bad = ~np.isfinite(result[:, columns])
    if bad.any():
        row, index = (int(where[0]) for where in np.nonzero(bad))
        raise InputError(
            f"{sheet.file}: column {sheet.named(columns[index])} of sample {row} holds a value that is not finite",
            "repair it, or leave the recording out",
        )
    return result


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_FEW])
    return f"{shown} and {len(names) - _FEW} more" if len(names) > _FEW else shown


def aligned(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Sheets whose columns have the first one's names in another order, put into its order."""
    first = sheets[0].names
    return [_in_order(sheet, first) for sheet in sheets]


def _in_order(sheet: Sheet, names: tuple[str, ...]) -> Sheet:
    own = sheet.names
    if own == names or sorted(own) != sorted(names) or len(set(names)) != len(names):
        return sheet
    order = [own.index(name) for name in names]
    label = None if sheet.label_column is None else order.index(sheet.label_column)
    return replace(sheet, values=sheet.values[:, order], names=names, label_column=label)
