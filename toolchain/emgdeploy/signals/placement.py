"""How an electrode array lies on the skin compared with the one that a model was trained on.

An armband is put on at another angle, a sheet is turned round or shifted along its own seam: the same image, rolled or
mirrored. A placement says by how much, array by array. It permutes the electrodes of a preprocessing before
anything else happens, so that host, firmware and exports need know nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.preprocess import Preprocess

_HINT = (
    "a placement is none, or rows=12,columns=1,mirror=rows (rows, columns or both), or order=3,2,1,0; "
    "several arrays stand between slashes: columns=2/columns=3"
)
_MIRRORS = {"rows": (True, False), "columns": (False, True), "both": (True, True)}
_MOST = 1 << 16


@dataclass(frozen=True)
class Turn:
    """Of one array: what is done to its image so that it lies as in training.

    mirror_rows, mirror_columns: first turned upside down, left to right. rows, columns: then rolled, downwards and to
    the right. order: in place of all that, which electrode, counted row by row, each place shows.
    """

    rows: int = 0
    columns: int = 0
    mirror_rows: bool = False
    mirror_columns: bool = False
    order: tuple[int, ...] = ()

    def places(self, shape: tuple[int, int]) -> NDArray[np.int64]:
        """(rows, columns) which electrode of an array of that shape each place shows. Raises InputError where `order`
        is no permutation of its electrodes."""
        own = np.arange(shape[0] * shape[1]).reshape(shape)
        if self.order:
            if sorted(self.order) != own.ravel().tolist():
                raise InputError(
                    f"the order of {len(self.order)} electrodes does not name each of the array's {own.size} once",
                    f"name 0 to {own.size - 1}, each once",
                )
            return np.asarray(self.order, np.int64).reshape(shape)
        own = own[::-1] if self.mirror_rows else own
        own = own[:, ::-1] if self.mirror_columns else own
        return np.roll(own, (self.rows, self.columns), axis=(0, 1))

    def within(self, shape: tuple[int, int]) -> Turn:
        """The same, rolled by less than a whole turn."""
        return replace(self, rows=self.rows % shape[0], columns=self.columns % shape[1])

    def __str__(self) -> str:
        if self.order:
            return "order=" + ",".join(map(str, self.order))
        parts = [f"{name}={by}" for name, by in (("rows", self.rows), ("columns", self.columns)) if by]
        own = (self.mirror_rows, self.mirror_columns)
        return ",".join(parts + [f"mirror={name}" for name, way in _MIRRORS.items() if way == own]) or "none"


@dataclass(frozen=True)
class Placement:
    """turns: of each array, counted row by row over the grid; one alone is for all of them."""

    turns: tuple[Turn, ...] = (Turn(),)

    @classmethod
    def parse(cls, text: str) -> Placement:
        """What `str` of a placement gives. Raises UsageError for anything else."""
        return cls(tuple(_turn(part.strip()) for part in text.split("/")))

    @property
    def is_none(self) -> bool:
        """Whether everything stays where it is."""
        return all(turn == Turn() for turn in self.turns)

    def places(self, grid: tuple[int, int], array: tuple[int, int]) -> NDArray[np.int64]:
        """(electrodes,) which electrode, counted row by row over a grid of arrays of the shape `array`, each place
        shows. Raises InputError where the turns are not as many as the arrays, or the arrays do not fill the grid."""
        own = arrays(grid, array)
        if len(self.turns) not in (1, len(own)):
            raise InputError(f"the placement is of {len(self.turns)} arrays, there are {len(own)}", _HINT)
        turns = self.turns * len(own) if len(self.turns) == 1 else self.turns
        shown = np.arange(grid[0] * grid[1])
        for turn, members in zip(turns, own, strict=True):
            shown[members.ravel()] = members.ravel()[turn.places(array).ravel()]
        return shown

    def of(self, preprocess: Preprocess, array: tuple[int, int] | None = None) -> Preprocess:
        """The preprocessing that looks at the array as it lies. array: as in `places`, None for one that is the whole
        grid. Raises as `places` does."""
        shown = self.places(preprocess.grid, array or preprocess.grid)
        return replace(preprocess, electrodes=tuple(preprocess.electrodes[place] for place in shown))

    def __str__(self) -> str:
        return "none" if self.is_none else "/".join(map(str, self.turns))


NONE = Placement()


def arrays(grid: tuple[int, int], array: tuple[int, int]) -> list[NDArray[np.int64]]:
    """The places of each array, (rows, columns), counted row by row over the grid. Raises InputError where arrays of
    that shape do not fill it."""
    if min(array) < 1 or grid[0] % array[0] or grid[1] % array[1]:
        raise InputError(
            f"arrays of {array[0]} x {array[1]} do not fill a grid of {grid[0]} x {grid[1]}",
            "give --array the rows and columns of one array",
        )
    places = np.arange(grid[0] * grid[1]).reshape(grid)
    return [
        places[row : row + array[0], column : column + array[1]]
        for row in range(0, grid[0], array[0])
        for column in range(0, grid[1], array[1])
    ]


def _turn(text: str) -> Turn:
    wrong = UsageError(f"{text!r:.60} is no placement", _HINT)
    if text == "none":
        return Turn()
    name, _, value = text.partition("=")
    if name == "order":
        numbers = value.split(",")
        if not all(number.isdecimal() and len(number) < 6 for number in numbers):
            raise wrong
        return Turn(order=tuple(map(int, numbers)))
    fields: dict[str, str] = dict(part.partition("=")[::2] for part in text.split(","))
    if set(fields) - {"rows", "columns", "mirror"} or fields.get("mirror", "both") not in _MIRRORS:
        raise wrong
    try:
        rows, columns = (int(fields.get(key, "0")) for key in ("rows", "columns"))
    except ValueError:
        raise wrong from None
    if max(abs(rows), abs(columns)) > _MOST:
        raise wrong
    return Turn(rows, columns, *_MIRRORS.get(fields.get("mirror", ""), (False, False)))
