"""How many electrodes are enough, for `sweep.html`: the curve, and which they are on the grid."""

from __future__ import annotations

import math
from typing import Any

from emgdeploy.pages.blocks import Cell, Grid, Grids, Note, Plot, Section, Shape, Tick

_MAPS = (2, 4, 8, 16)
_SERIES = (("a", "folds", "held out of the folds"), ("b", "unseen", "unseen trials"))


def section(found: dict[str, Any]) -> Section:
    """found: `electrodes` of `sweep.json`."""
    curve = found["curve"]
    enough = next(row for row in curve if row["count"] == found["enough"])
    said = (
        f"{enough['count']} of {curve[-1]['count']} electrodes lose at most half a point on the folds; on unseen trials they "
        f"reach {enough['unseen']:.1%}, all together {curve[-1]['unseen']:.1%}. An LDA chose them one by one, the most telling "
        "first; what a network would choose was not tried."
    )
    maps = [_map(found, row) for row in curve[:-1] if row["count"] in {*_MAPS, found["enough"]}]
    return Section(
        "How many electrodes are enough", [Note(said), _plot(curve), *([Grids(maps)] if maps else [])]
    )


def _plot(curve: list[dict[str, Any]]) -> Plot:
    """Accuracy over the number of electrodes, which doubles from tick to tick."""
    last = math.log2(max(2, curve[-1]["count"]))
    least: float = min(min(row["folds"], row["unseen"]) for row in curve)
    bottom = min(math.floor(10 * least) / 10, 0.9)

    def x(count: int) -> float:
        return 100 * math.log2(count) / last

    def y(share: float) -> float:
        return 100 * (1 - (share - bottom) / (1 - bottom))

    shapes = [
        Shape([(x(row["count"]), y(row[key])) for row in curve], style, title=name)
        for style, key, name in _SERIES
    ]
    shares = [bottom + (1 - bottom) * part / 4 for part in range(5)]
    return Plot(
        "accuracy over the number of electrodes",
        shapes,
        [Tick(x(row["count"]), f"{row['count']}") for row in curve if row["count"] not in (3, 6, 12, 24)],
        [Tick(y(share), f"{share:.1%}") for share in shares],
        "electrodes",
        "accuracy of an LDA",
        [(style, name) for style, _, name in _SERIES],
    )


def _map(found: dict[str, Any], row: dict[str, Any]) -> Grid:
    """The grid with the chosen electrodes dark; the number on each is its place in the order of choosing."""
    (rows, columns), chosen = found["grid"], row["places"]

    def cell(place: int) -> Cell:
        column = found["electrodes"][place]
        if place not in chosen:
            return Cell(0.0, f"column {column} of the recording")
        nth = chosen.index(place) + 1
        return Cell(0.6, f"column {column} of the recording, chosen as number {nth}", str(nth))

    cells = [[cell(r * columns + c) for c in range(columns)] for r in range(rows)]
    return Grid(f"{row['count']}: {row['unseen']:.1%}", cells)
