"""Numbers to coordinates, in percent of a drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emgdeploy.pages.blocks import Plot, Shape, Tick

_STYLES = "abcdef"
_TICKS = 4


def lines(
    said: str, series: Mapping[str, Sequence[float]], x_name: str, y_name: str, top: float | None = None
) -> Plot:
    """Each series over 1, 2, 3, ...; top: the axis' end where it is known, as 1 for shares."""
    longest = max(map(len, series.values()))
    highest = top or nice_ceiling(max((max(values) for values in series.values() if values), default=1.0))
    shapes, key = [], []
    for style, (name, values) in zip(_STYLES, series.items(), strict=False):
        points = [
            (100 * i / max(1, longest - 1), 100 * (1 - min(max(v, 0.0), highest) / highest))
            for i, v in enumerate(values)
        ]
        shapes.append(Shape(points, style, title=name))
        key.append((style, name))
    x_ticks = [Tick(100 * (n - 1) / max(1, longest - 1), f"{n:,}") for n in steps(1, longest)]
    return Plot(said, shapes, x_ticks, grid(highest), x_name, y_name, key if len(key) > 1 else ())


def histogram(
    said: str,
    edges: Sequence[float],
    counts: Sequence[int],
    x_name: str,
    marks: Sequence[tuple[float, str]] = (),
) -> Plot:
    """Columns between edges. marks: values on the x axis, each with its name, as a line."""
    low, high = min([edges[0], *(m for m, _ in marks)]), max([edges[-1], *(m for m, _ in marks)])
    width, tallest = (high - low) or 1.0, nice_ceiling(max([*counts, 1]))

    def x(value: float) -> float:
        return 100 * (value - low) / width

    columns = [
        Shape(
            [(x(a), 100), (x(a), 100 - 100 * n / tallest), (x(b), 100 - 100 * n / tallest), (x(b), 100)],
            "a",
            True,
            f"{n:,} from {a:.4g} to {b:.4g}",
        )
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
        if n
    ]
    limits = [Shape([(x(at), 0), (x(at), 100)], "mark", title=name) for at, name in marks]
    ticks = [Tick(100 * i / _TICKS, f"{low + width * i / _TICKS:.4g}") for i in range(_TICKS + 1)]
    key = [("mark", name) for _, name in marks]
    return Plot(said, [*columns, *limits], ticks, grid(tallest), x_name, "windows", key)


@dataclass(frozen=True)
class Box:
    """Something that lies at `offset` for `size` bytes from step `first` to step `last`, both included."""

    name: str
    offset: int
    size: int
    first: int
    last: int
    style: str


def boxes(said: str, found: Sequence[Box], steps_: int, total: int, key: Sequence[tuple[str, str]]) -> Plot:
    """Boxes over steps (-1 to `steps_`) and bytes (0 to `total`), address 0 at the bottom."""
    width = steps_ + 1

    def shape(box: Box) -> Shape:
        left, right = 100 * (box.first + 1) / width, 100 * (box.last + 2) / width
        low, high = 100 * (1 - box.offset / total), 100 * (1 - (box.offset + box.size) / total)
        when = f"step {box.first} to {box.last}" if box.first < box.last else f"step {box.first}"
        said = f"{box.name}: {box.size:,} bytes at {box.offset:,}, {when}"
        return Shape([(left, low), (left, high), (right, high), (right, low)], box.style, True, said)

    x_ticks = [Tick(100 * (n + 1.5) / width, f"{n:,}") for n in steps(0, steps_ - 1)]
    y_ticks = [Tick(100 - 100 * i / _TICKS, f"{total * i // _TICKS:,}") for i in range(_TICKS + 1)]
    return Plot(said, [*map(shape, found)], x_ticks, y_ticks, "step", "bytes", key, 260)


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10, ... that is no less."""
    if value <= 0:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(value))
    return next(step * scale for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * scale >= value)


def grid(top: float) -> list[Tick]:
    """Lines across, from 0 to `top`."""
    return [Tick(100 - 100 * i / _TICKS, f"{top * i / _TICKS:g}") for i in range(_TICKS + 1)]


def steps(first: int, last: int) -> list[int]:
    """A few whole numbers from `first` to `last`."""
    step = max(1, int(nice_ceiling((last - first) / 6)))
    return list(range(first, last + 1, step))
