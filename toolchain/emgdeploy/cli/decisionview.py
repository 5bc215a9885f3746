"""The table of `emgdeploy eval --decisions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emgdeploy.cli.console import Console

_HEAD = ("decisions", "right", "wrong", "unsure", "rejected", "delay p50", "p95", "missed", "changes/min")


def show(found: Sequence[dict[str, Any]], console: Console) -> None:
    """A row for each description of decisions."""
    console.table(_HEAD, [_row(report) for report in found])
    console.print(
        "delay: from the first sample of a gesture to the first right decision, the inference left out; missed: "
        "gestures never decided right; changes: of the decision after that, within the gesture"
    )


def _row(report: dict[str, Any]) -> tuple[str, ...]:
    shares = (_share(report[name]) for name in ("accuracy", "wrong", "unsure", "rejected"))
    delays = (_number(report["delay_ms"][name], "{:,.0f} ms") for name in ("p50", "p95"))
    missed = f"{report['missed_onsets']:,} of {report['onsets']:,}"
    return (report["name"], *shares, *delays, missed, _number(report["flicker_per_minute"], "{:,.1f}"))


def _share(value: float | None) -> str:
    return _number(value, "{:.2%}")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
