"""`eval --decisions`: what rules come to on recordings."""

from __future__ import annotations

import numpy as np
import pytest

from emgdeploy.nets.decided import Run, tally
from emgdeploy.signals.decisions import Rules

LABELS = ("rest", "fist", "open")


def run_of(answers: list[int], classes: list[int], odds: float = 20.0) -> Run:
    """Windows of 100 samples that end every 50 samples; a class for each stretch of 200 samples."""
    labels = np.repeat(np.array(classes, np.int64), 200)
    ends = np.arange(100, len(labels) + 1, 50)
    assert len(ends) == len(answers)
    logits = np.zeros((len(ends), len(LABELS)), np.float32)
    logits[np.arange(len(ends)), answers] = np.log(odds)
    y = np.where(labels[ends - 1] == labels[ends - 100], labels[ends - 1], -1)
    return Run(ends, logits, np.ones(len(ends), bool), np.ones(len(ends), np.float32), y, labels)


def test_delays_flicker_and_shares_are_those_of_a_drawn_stream() -> None:
    # Windows end at 100, 150, 200 | 250, 300, 350, 400 | 450, ... of the classes rest, fist, rest.
    run = run_of([0, 0, 0, 0, 1, 2, 1, 1, 0, 0, 0], [0, 1, 0])
    report = tally(Rules(), [run], 1000.0, LABELS).report(1000.0)
    # One class: 100, 150, 200, 300, 350, 400, 500, 550, 600; wrong is the one at 350.
    assert (report["windows"], report["accuracy"], report["wrong"]) == (9, 8 / 9, 1 / 9)
    assert report["delay_ms"]["p50"] == 100 and report["onsets"] == 3 and report["missed_onsets"] == 0
    # Fist is decided at 300, then open at 350 and fist at 400: two changes in 100 + 100 + 100 ms.
    assert report["flicker_per_minute"] == pytest.approx(2 / (0.3 / 60))
    voted = tally(Rules(confirm=2), [run], 1000.0, LABELS).report(1000.0)
    assert voted["flicker_per_minute"] == 0 and voted["missed_onsets"] == 1


def test_rejected_windows_are_counted_and_end_unsure() -> None:
    doubtful = run_of([1] * 7, [1, 1], odds=1.5)
    report = tally(Rules(confidence=0.9), [doubtful], 1000.0, LABELS).report(1000.0)
    assert report["rejected"] == report["unsure"] == 1.0 and report["accuracy"] == 0.0
    assert report["flicker_per_minute"] is None and report["delay_ms"]["p50"] is None
