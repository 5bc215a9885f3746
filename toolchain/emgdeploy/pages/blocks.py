"""What a page is made of. All text in it may be foreign: it is escaped where it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

GOOD, WARN, BAD = "good", "warn", "bad"


@dataclass(frozen=True)
class Figure:
    """A number as it is shown, with the number itself. of: where it stands in the results, as "bench.windows"."""

    text: str
    value: float | int | str
    of: str


Text = str | Figure


@dataclass(frozen=True)
class Tile:
    """One of the few things to see first."""

    name: str
    value: Text
    note: str = ""
    mood: str = ""


@dataclass(frozen=True)
class Fact:
    """A name and what it is."""

    name: str
    value: Text


@dataclass(frozen=True)
class Facts:
    """Names and values, one below the other."""

    kind: ClassVar[str] = "facts"
    rows: Sequence[Fact]


@dataclass(frozen=True)
class Table:
    """Columns under headers. On a narrow screen each row becomes a card of its own."""

    kind: ClassVar[str] = "table"
    headers: Sequence[str]
    rows: Sequence[Sequence[Text]]


@dataclass(frozen=True)
class Bar:
    """share: 0 to 1 of the longest; value: the number beside it; note: smaller, below."""

    name: str
    share: float
    value: Text
    note: str = ""
    style: str = "a"


@dataclass(frozen=True)
class Bars:
    """Bars with their numbers, one below the other."""

    kind: ClassVar[str] = "bars"
    rows: Sequence[Bar]


@dataclass(frozen=True)
class Part:
    """share: 0 to 1 of the whole; style: a colour's letter, a to f."""

    name: str
    share: float
    value: Text
    style: str


@dataclass(frozen=True)
class Stack:
    """One bar cut into parts, with a key below."""

    kind: ClassVar[str] = "stack"
    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Tick:
    """at: percent of the axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Shape:
    """points: x and y in percent, y downwards. closed: an area, else a line. title: shown on pointing at it."""

    points: Sequence[tuple[float, float]]
    style: str = "a"
    closed: bool = False
    title: str = ""

    @property
    def path(self) -> str:
        """As SVG wants points."""
        return " ".join(f"{x:.2f},{y:.2f}" for x, y in self.points)


@dataclass(frozen=True)
class Plot:
    """A drawing over two axes. height: in pixels; key: colour letters and what they stand for."""

    kind: ClassVar[str] = "plot"
    said: str
    shapes: Sequence[Shape]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    x_name: str
    y_name: str
    key: Sequence[tuple[str, str]] = ()
    height: int = 180


@dataclass(frozen=True)
class Cell:
    """share: 0 to 1, how dark; None where nothing is. mark: a letter on it; title: shown on pointing at it."""

    share: float | None
    title: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Grid:
    """A small map of places."""

    title: str
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Grids:
    """Maps side by side, in one scale."""

    kind: ClassVar[str] = "grids"
    maps: Sequence[Grid]


@dataclass(frozen=True)
class Matrix:
    """Counts of true classes (rows) against what was said (columns). of: where it stands in the results."""

    kind: ClassVar[str] = "matrix"
    labels: Sequence[str]
    rows: Sequence[Sequence[int]]
    of: str

    def share(self, row: int, column: int) -> float:
        """Of the row, 0 to 1."""
        return self.rows[row][column] / (sum(self.rows[row]) or 1)


@dataclass(frozen=True)
class Note:
    """A sentence."""

    kind: ClassVar[str] = "note"
    text: str
    mood: str = ""


@dataclass(frozen=True)
class Log:
    """Lines as they came."""

    kind: ClassVar[str] = "log"
    lines: Sequence[str]


Block = Facts | Table | Bars | Stack | Plot | Grids | Matrix | Note | Log


@dataclass(frozen=True)
class Section:
    """A heading with blocks below it. narrow: two of them have room side by side; folded: opened by whoever wants it."""

    title: str
    blocks: Sequence[Block]
    mood: str = ""
    narrow: bool = False
    folded: bool = False


@dataclass(frozen=True)
class Page:
    """kind: what it is ("bench"); headline: the verdict; lead: sentences below it."""

    kind: str
    headline: str
    mood: str
    lead: Sequence[str]
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    foot: str = ""
