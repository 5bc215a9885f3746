"""sweep.html: accuracy over cycles as a picture, and the front as a table."""

from __future__ import annotations

import math
from typing import Any

from emgdeploy.pages.blocks import GOOD, Log, Note, Page, Plot, Section, Shape, Table, Tick
from emgdeploy.pages.page import render as render_page
from emgdeploy.sweep import electrode_section

_STYLES = "abcdef"
_HEADERS = (
    *("network", "width", "window", "log", "electrodes", "cycles", "ms", "RAM", "flash"),
    *("folds", "LDA there", "unseen trials"),
)
# Half the side of a point's mark, in percent; those of the front are larger.
_SMALL, _LARGE = 0.5, 1.0


def render(answer: dict[str, Any]) -> str:
    """The HTML text."""
    by_id = {row["id"]: row for row in answer["trials"]}
    shown = [by_id[key] for key in dict.fromkeys([*answer["front"], *answer["front_learned"]])]
    measured = [row for row in answer["trials"] if row["accuracy_int8"] is not None]
    commands = [row["build_command"] for row in shown if row["build_command"]]
    left_out = [
        Note(f"{row['network']} width {row['settings']['width']}: {row['why']}")
        for row in answer["trials"]
        if row["state"] == "not trained"
    ]
    front = "The front: what no other candidate beats, and no other network of learned features"
    sections = [
        *([Section("Accuracy over cycles", [_picture(measured, answer["front"])])] if measured else []),
        Section(front, [Table(_HEADERS, [_row(row) for row in shown])]),
        *([Section("To build one", [Log(commands)])] if commands else []),
        electrode_section.section(answer["electrodes"]),
        *([Section("Not trained", left_out)] if left_out else []),
    ]
    said = (
        f"{len(answer['trials'])} candidates on {answer['dataset']}, chosen on {answer['folds']} folds of "
        f"{len(answer['chosen_on'])} recordings; the last column is of {len(answer['reported_on'])} recordings that "
        f"no decision has seen (split {answer['split']}). All accuracies are int8's, cycles are modelled."
    )
    lead = [f"The best networks for {answer['board']}", said]
    return render_page(Page("sweep", answer["verdict"], GOOD, lead, [], sections))


def _row(row: dict[str, Any]) -> list[str]:
    settings = row["settings"]
    return [
        row["network"],
        *(str(settings[key]) for key in ("width", "window", "log", "electrodes")),
        _count(row["cycles"]),
        "-" if row["latency_ms"] is None else f"{row['latency_ms']:.2f}",
        _count(row["ram_bytes"]),
        _count(row["flash_bytes"]),
        f"{_percent(row['accuracy_int8'])} ± {_percent(row['spread'])}",
        _percent(row["lda_accuracy"]),
        _percent((row["test"] or {}).get("accuracy")),
    ]


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _picture(rows: list[dict[str, Any]], front: list[str]) -> Plot:
    """A mark for each candidate; cycles on a logarithmic axis."""
    names = sorted({row["network"] for row in rows})
    styles = {name: _STYLES[number % len(_STYLES)] for number, name in enumerate(names)}
    effort = [max(1, row["cycles"] or row["instructions"] or row["macs"]) for row in rows]
    lowest, highest = math.floor(math.log10(min(effort))), math.ceil(math.log10(max(effort) + 1))
    least = min(row["accuracy_int8"] for row in rows)
    bottom = math.floor(10 * least) / 10 if least < 1 else 0.9

    def x(value: float) -> float:
        return 100 * (math.log10(value) - lowest) / (highest - lowest)

    def y(value: float) -> float:
        return 100 * (1 - (value - bottom) / (1 - bottom))

    def mark(row: dict[str, Any], value: int) -> Shape:
        half = _LARGE if row["id"] in front else _SMALL
        at, up = x(value), y(row["accuracy_int8"])
        points = [(at - half, up), (at, up - 2 * half), (at + half, up), (at, up + 2 * half)]
        said = f"{row['network']} width {row['settings']['width']}: {row['accuracy_int8']:.1%}, {value:,}"
        return Shape(points, styles[row["network"]], True, said)

    shares = [bottom + (1 - bottom) * part / 4 for part in range(5)]
    return Plot(
        "accuracy over cycles",
        [mark(row, value) for row, value in zip(rows, effort, strict=True)],
        [Tick(x(10**power), f"{10**power:,}") for power in range(lowest, highest + 1)],
        [Tick(y(share), f"{share:.1%}") for share in shares],
        "cycles, or where none are modelled instructions or MACs",
        "accuracy",
        [(style, name) for name, style in styles.items()],
        300,
    )
