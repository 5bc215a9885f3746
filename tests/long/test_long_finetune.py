"""Another day: a checkpoint of flexemg's session 1 on session 3, as it is and after a few seconds of each gesture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.command import Cli

pytestmark = pytest.mark.long


def trained(cli: Cli, out: Path, *arguments: str | Path) -> dict[str, Any]:
    cli("train", "--dataset", "flexemg", *arguments, "--out", out, timeout=3000).succeeds()
    metrics: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return metrics


def int8_loss(cli: Cli, run: Path) -> float:
    """Accuracy that int8 costs on the run's test windows, by the conversion's ledger."""
    windows = ("--calibration", run / "calibration.npz", "--windows", run / "test.npz")
    model = ("--model", run / "checkpoint.pt", "--out", run / "int8")
    done = cli("--json", "convert", *model, *windows, timeout=1800)
    done.succeeds()
    ledger = json.loads(done.out)["ledger"]
    return abs(float(ledger[-1]["accuracy"]) - float(ledger[0]["accuracy"]))


def test_session_three_before_and_after(cli: Cli, shared: Path, tmp_path: Path) -> None:
    data = ("--data", shared / "data/flexemg")
    base = trained(cli, tmp_path / "base", *data)
    checkpoint = tmp_path / "base/checkpoint.pt"
    assert int8_loss(cli, tmp_path / "base") <= 0.003
    done = cli("--json", "eval", "--checkpoint", checkpoint, "--dataset", "flexemg", *data, "--session", "3")
    done.succeeds()
    untouched = json.loads(done.out)["accuracy"]
    reached = {}
    for trials in (1, 3):
        out = tmp_path / f"trials{trials}"
        arguments = ("--session", "3", "--finetune", checkpoint, "--trials", str(trials))
        reached[trials] = trained(cli, out, *data, *arguments)["accuracy"]
        assert int8_loss(cli, out) <= 0.003
    print("same session", base["accuracy"], "session 3", untouched, "after 1 and 3 trials", reached)
    assert base["accuracy"] >= 0.995
    assert untouched < 0.6
    assert reached[1] >= 0.96
    assert reached[3] >= 0.98
