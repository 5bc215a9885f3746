"""How often a network is right, class by class."""

from __future__ import annotations

from emgdeploy.nets.metrics import Score, wilson
from emgdeploy.pages import words
from emgdeploy.pages.blocks import WARN, Bar, Bars, Block, Figure, Matrix, Note, Section, Table, Text, Tile
from emgdeploy.report.found import Json

_INTERVALS = (
    "Intervals hold the true share in 95 of 100 such tests if windows were independent; neighbouring ones are "
    "not, so they are rather wider."
)


def tiles(result: Json, of: str) -> list[Tile]:
    """Accuracy, with what a linear classifier reaches beside it."""
    lda = (result.get("baselines") or {}).get("lda")
    found = [
        Tile("accuracy", words.percent(result["accuracy"], f"{of}.accuracy"), _interval(result)),
        Tile("balanced accuracy", words.percent(result["balanced_accuracy"], f"{of}.balanced_accuracy")),
    ]
    if lda:
        said = words.percent(lda["accuracy"], f"{of}.baselines.lda.accuracy")
        found.append(Tile("a linear classifier (LDA)", said, mood=WARN if doubtful(result) else ""))
    return found


def doubtful(result: Json) -> bool:
    """Whether a linear classifier is better on the same windows."""
    lda = (result.get("baselines") or {}).get("lda")
    return bool(
        lda
        and lda["accuracy"] > result["accuracy"]
        and lda["balanced_accuracy"] > result["balanced_accuracy"]
    )


def section(result: Json, of: str) -> Section:
    """Recall of each class as bars, and the confusion."""
    matrix, labels = result["confusion"], list(result["labels"])
    bars = []
    for number, (label, row, recall) in enumerate(zip(labels, matrix, result["recall"], strict=True)):
        if recall is None:
            bars.append(Bar(f"{number + 1} {label}", 0.0, "no window"))
            continue
        low, high = wilson(recall, sum(row))
        note = f"{sum(row):,} windows, {low:.1%} to {high:.1%}"
        bars.append(
            Bar(f"{number + 1} {label}", recall, words.percent(recall, f"{of}.recall.{number}", 1), note)
        )
    blocks: list[Block] = [Bars(bars), Note(_INTERVALS, "note"), Matrix(labels, matrix, f"{of}.confusion")]
    return Section("What is recognised: recall of each gesture, and what it was taken for", blocks)


def sessions(result: Json, of: str) -> list[Section]:
    """Where several sessions are pooled, what each contributes."""
    rows = result.get("by_session") or []
    if len(rows) < 2:
        return []
    cells = [
        (
            f"subject {row['subject']} session {row['session']}",
            words.count(row["windows"], f"{of}.by_session.{i}.windows"),
            words.percent(row["accuracy"], f"{of}.by_session.{i}.accuracy"),
            f"{row['interval'][0]:.1%} to {row['interval'][1]:.1%}",
            "-"
            if row["lda"] is None
            else words.percent(row["lda"]["accuracy"], f"{of}.by_session.{i}.lda.accuracy"),
        )
        for i, row in enumerate(rows)
    ]
    return [Section("By session", [Table(("session", "windows", "network", "interval", "LDA"), cells)])]


def decisions(result: Json, of: str) -> list[Section]:
    """What rules of decisions come to, where some were tried."""
    rows = result.get("decisions") or []
    tables = []
    for number, one in enumerate(rows):
        facts = [
            (name, _shown(value, f"{of}.decisions.{number}.{name}"))
            for name, value in one.items()
            if isinstance(value, float | int | str) and not isinstance(value, bool)
        ]
        tables.append(Table(("decisions", "comes to"), facts))
    return [Section("Decisions", tables)] if tables else []


def _shown(value: float | int | str, of: str) -> Text:
    return value if isinstance(value, str) else Figure(f"{value:.4g}", value, of)


def _interval(result: Json) -> str:
    windows = sum(map(sum, result["confusion"]))
    low, high = Score(result["accuracy"], 0.0, (), result["confusion"]).interval
    return f"{low:.1%} to {high:.1%}, of {windows:,} windows"
