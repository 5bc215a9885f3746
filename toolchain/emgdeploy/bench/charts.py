"""Numbers to coordinates: everything that the report's template only prints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 720.0, 200.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 12.0, 12.0, 28.0
_COLUMNS = 240


@dataclass(frozen=True)
class Tick:
    """A grid line: where, and what it stands for."""

    at: float
    label: str


@dataclass(frozen=True)
class Series:
    """Device latency over the windows: a band from least to largest per column, and its median line.

    band, line: SVG point lists. deadline: its height, or None where it is not on the chart.
    """

    width: float
    height: float
    left: float
    right: float
    base: float
    band: str
    line: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    deadline: float | None
    unit: str


@dataclass(frozen=True)
class Cell:
    """One field of the confusion matrix. share: of its row, 0 to 1."""

    count: int
    share: float
    diagonal: bool


def series(indices: NDArray[Any], micro: NDArray[np.float64], deadline_us: float | None) -> Series | None:
    """micro: microseconds of the windows `indices` (ascending). None when there are none."""
    if not len(micro):
        return None
    factor, unit = _unit(float(micro.max()))
    values = micro * factor
    top = _nice_ceiling(float(values.max()) * 1.05 or 1.0)
    last = max(1, int(indices[-1]))
    base = HEIGHT - _BOTTOM

    def x(index: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * index / last

    def y(value: float) -> float:
        return base - (base - _TOP) * value / top

    parts = np.array_split(np.arange(len(values)), min(_COLUMNS, len(values)))
    places = [x(float(indices[part].mean())) for part in parts]
    low = [y(float(values[part].min())) for part in parts]
    high = [y(float(values[part].max())) for part in parts]
    middle = [y(float(np.median(values[part]))) for part in parts]
    outline = [*zip(places, high, strict=True), *reversed(list(zip(places, low, strict=True)))]
    limit = None if deadline_us is None or deadline_us * factor > top else y(deadline_us * factor)
    return Series(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        base=base,
        band=_points(outline),
        line=_points(list(zip(places, middle, strict=True))),
        x_ticks=tuple(Tick(x(i), f"{i:,}") for i in _steps(last, 6)),
        y_ticks=tuple(Tick(y(v), f"{v:g}") for v in _grid(top)),
        deadline=limit,
        unit=unit,
    )


def confusion(matrix: list[list[int]]) -> list[list[Cell]]:
    """Counts with their share of the true class."""
    rows = []
    for i, row in enumerate(matrix):
        total = sum(row) or 1
        rows.append([Cell(count, count / total, i == j) for j, count in enumerate(row)])
    return rows


def human_time(micro: float | None) -> str:
    """Microseconds in the unit that reads best."""
    if micro is None:
        return "-"
    factor, unit = _unit(micro)
    return f"{micro * factor:.3g} {unit}" if micro * factor < 1000 else f"{micro * factor:,.0f} {unit}"


def _unit(micro: float) -> tuple[float, str]:
    if micro >= 1e6:
        return 1e-6, "s"
    return (1e-3, "ms") if micro >= 1e3 else (1.0, "µs")


def _nice_ceiling(value: float) -> float:
    scale = 10.0 ** math.floor(math.log10(value))
    return next(step * scale for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * scale >= value)


def _grid(top: float) -> list[float]:
    return [round(top * i / 4, 10) for i in range(5)]


def _steps(last: int, count: int) -> list[int]:
    step = max(1, int(_nice_ceiling(last / count)))
    return list(range(0, last + 1, step))


def _points(pairs: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
