"""profile.html: one inference at a glance, a bar per layer and per function."""

from __future__ import annotations

from typing import Any

from emgdeploy.pages.blocks import BAD, GOOD, Bar, Bars, Fact, Facts, Figure, Note, Page, Section
from emgdeploy.pages.page import render as render_page


def render(table: dict[str, Any]) -> str:
    """profile.json as HTML text."""
    unit = _unit(table)
    page = Page(
        "profile",
        f"one inference on {table['board']} takes {table[unit]:,} {unit}",
        GOOD if table["bit_exact"] else BAD,
        [f"{table['core']}, counted instruction by instruction without hardware"],
        [],
        sections(table),
    )
    return render_page(page)


def sections(table: dict[str, Any]) -> list[Section]:
    """Totals, layers, functions, and what the figures are."""
    return [
        Section("One inference", [Facts([Fact(name, value) for name, value in facts(table)])]),
        Section(f"Layers, by {_unit(table)}", [layers(table)]),
        Section("Functions, without what they call", [functions(table)]),
        Section("What the figures are", [Note(note) for note in table["notes"]]),
    ]


def layers(table: dict[str, Any]) -> Bars:
    """A bar for each layer, and what it costs."""
    return _bars(
        table,
        "layers",
        lambda row: f"{row['index']} {row['op']}",
        lambda row: " · ".join(
            filter(
                None,
                (
                    row["name"],
                    f"{row['macs']:,} MACs" if row["macs"] else "",
                    f"{row['cycles_per_mac']:.2f} cycles/MAC" if row["cycles_per_mac"] else "",
                    f"{row['instructions']:,} instructions",
                    f"{row['code_bytes']:,} bytes of code",
                ),
            )
        ),
    )


def functions(table: dict[str, Any]) -> Bars:
    """A bar for each function."""
    return _bars(
        table,
        "functions",
        lambda row: row["name"],
        lambda row: f"called {row['entered']:,} times · {row['instructions']:,} instructions",
    )


def _bars(table: dict[str, Any], key: str, name: Any, note: Any) -> Bars:
    unit, rows = _unit(table), table[key]
    longest = max((row[unit] for row in rows), default=1) or 1
    return Bars(
        [
            Bar(
                name(row),
                row[unit] / longest,
                Figure(
                    f"{row[unit]:,} ({row[unit] / table[unit]:.1%})", row[unit], f"profile.{key}.{i}.{unit}"
                ),
                note(row),
            )
            for i, row in enumerate(rows)
        ]
    )


def _unit(table: dict[str, Any]) -> str:
    return "instructions" if table["cycles"] is None else "cycles"


def facts(table: dict[str, Any]) -> list[tuple[str, str]]:
    """The totals of a profile.json as (name, text)."""
    rows = [("instructions", f"{table['instructions']:,}")]
    if table["cycles"] is not None:
        rows.append(
            ("modelled cycles", f"{table['cycles']:,} ({table['milliseconds']:.3f} ms at the board's clock)")
        )
        if table["cycles"] != table["cycles_without_waiting"]:
            rows.append(("without wait states", f"{table['cycles_without_waiting']:,} cycles"))
        rows.append(("cycle model", table["model"]))
    if table["cycles_per_mac"] is not None:
        rows.append(("cycles per MAC", f"{table['cycles_per_mac']:.2f} of {table['macs']:,} MACs"))
    rows.append(("stack", f"{table['stack_bytes']:,} bytes at the deepest"))
    rows.append(("output", "bit-exact" if table["bit_exact"] else "NOT the reference's"))
    rows.append(("firmware", table["firmware_build_id"]))
    return rows
