"""Two sets of results side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgdeploy.files import write_atomic
from emgdeploy.nets.metrics import wilson
from emgdeploy.pages import words
from emgdeploy.pages.blocks import GOOD, Bar, Bars, Figure, Note, Page, Section, Table, Text
from emgdeploy.pages.page import render
from emgdeploy.report.found import Found, Json, as_written

_FOOT = "Of two accuracies whose 95 % intervals meet neither is called better."
Show = Callable[[Any, str], Text]


def _plain(value: int | None, of: str) -> Text:
    return words.count(value, of)


@dataclass(frozen=True)
class _Row:
    """One thing to compare. part: of Found; path: where in it; more: whether more is better, None for neither."""

    name: str
    part: str
    path: tuple[str, ...]
    more: bool | None
    show: Show


_ROWS = (
    _Row("accuracy", "metrics", ("accuracy",), True, words.percent),
    _Row("balanced accuracy", "metrics", ("balanced_accuracy",), True, words.percent),
    _Row("windows bit-exact", "bench", ("correct_bits",), None, _plain),
    _Row("inference, median", "bench", ("latency_us", "device", "p50"), False, words.duration),
    _Row("accuracy on the device", "bench", ("accuracy", "device"), True, words.percent),
    _Row("modelled cycles", "profile", ("cycles",), False, _plain),
    _Row("instructions", "profile", ("instructions",), False, _plain),
    _Row("MACs", "manifest", ("macs",), False, _plain),
    _Row("parameters, batch norms folded", "manifest", ("params",), False, _plain),
    _Row("weights, bytes", "manifest", ("weights_bytes",), False, _plain),
    _Row("flash, bytes", "manifest", ("flash_bytes",), False, _plain),
    _Row("RAM, bytes", "manifest", ("ram_bytes",), False, _plain),
    _Row("arena, bytes", "manifest", ("arena_bytes",), False, _plain),
)


def compare(a: Found, b: Found) -> list[Json]:
    """Rows {name, a, b, better}: the numbers of both, None where there is none; better: "a", "b" or None."""
    found = []
    for row in _ROWS:
        values = [_value(one, row) for one in (a, b)]
        if any(value is not None for value in values):
            found.append(
                {"name": row.name, "a": values[0], "b": values[1], "better": _better(values, row.more)}
            )
    return found


def write(a: Found, b: Found, path: Path) -> list[Json]:
    """The page of both; returns `compare`. Raises InputError for results that are not as they are written."""
    with as_written(f"{a.where} or {b.where}"):
        rows = compare(a, b)
        write_atomic(path, render(_page(a, b, rows)))
    return rows


def _page(a: Found, b: Found, rows: list[Json]) -> Page:
    shows = {row.name: row.show for row in _ROWS}
    cells = [
        (
            row["name"],
            *(shows[row["name"]](row[side], f"compare.{i}.{side}") for side in "ab"),
            _change(row),
            {"a": "A", "b": "B", None: ""}[row["better"]],
        )
        for i, row in enumerate(rows)
    ]
    ahead = {side: [row["name"] for row in rows if row["better"] == side] for side in "ab"}
    lead = [f"A: {a.where}", f"B: {b.where}"]
    lead += [f"{side.upper()} is better in {', '.join(names)}." for side, names in ahead.items() if names]
    sections = [Section("Side by side", [Table(("", "A", "B", "change", "better"), cells)]), *_layers(a, b)]
    same = all(row["a"] == row["b"] for row in rows)
    headline = (
        "A and B are alike in every number"
        if same
        else f"{a.where.name or 'A'} against {b.where.name or 'B'}"
    )
    return Page("compare", headline, GOOD if same else "", lead, [], sections, _FOOT)


def _layers(a: Found, b: Found) -> list[Section]:
    """Cycles of the layers of both, where both have as many."""
    pair = (a.profile, b.profile)
    if pair[0] is None or pair[1] is None or len(pair[0]["layers"]) != len(pair[1]["layers"]):
        return []
    unit = "instructions" if None in (pair[0]["cycles"], pair[1]["cycles"]) else "cycles"
    longest = max(row[unit] for side in (pair[0], pair[1]) for row in side["layers"]) or 1
    bars = []
    for rows in zip(pair[0]["layers"], pair[1]["layers"], strict=True):
        for side, row in zip("ab", rows, strict=True):
            value = Figure(f"{row[unit]:,}", row[unit], f"{side}.layers.{row['index']}.{unit}")
            bars.append(
                Bar(f"{side.upper()} {row['index']} {row['op']}", row[unit] / longest, value, style=side)
            )
    return [Section(f"Layers, by {unit}", [Bars(bars), Note("Blue: A. Orange: B.", "note")])]


def _value(found: Found, row: _Row) -> float | int | None:
    part: Any = getattr(found, row.part)
    for key in row.path:
        if part is None:
            return None
        part = part[key] if isinstance(part, dict) else getattr(part, key)
    return part if isinstance(part, int | float) else None


def _alike(row: _Row, values: list[Any], sides: tuple[Found, Found]) -> bool:
    """Whether the intervals of two accuracies meet."""
    if None in values:
        return True
    parts = [getattr(side, row.part) for side in sides]
    counts = [sum(map(sum, p["confusion"])) if row.part == "metrics" else p["answered"] for p in parts]
    (low, high), (least, most) = (wilson(v, n) for v, n in zip(values, counts, strict=True))
    return bool(low <= most and least <= high)


def _better(values: list[Any], more: bool | None) -> str | None:
    if more is None or None in values or values[0] == values[1]:
        return None
    return "a" if (values[0] > values[1]) == more else "b"


def _change(row: Json) -> str:
    if row["a"] is None or row["b"] is None or not row["a"]:
        return "-"
    return f"{row['b'] / row['a'] - 1:+.1%}"
