"""Another day: networks of flexemg's session 1 on session 3, as they are and after a few seconds of each gesture."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from support.commands.command import Cli

pytestmark = pytest.mark.long

MOST_LOST = 0.003
LEAST = {"same session": 0.995, "session 3 after 1": 0.96, "session 3 after 3": 0.98}
SEEDS = 5


def test_the_table(shared: Path) -> None:
    """Whatever the seed, on windows close together, of which single flips decide nothing."""
    command: list[str | Path] = [sys.executable, ROOT / "benchmarks/finetuning.py", "--shared", shared]
    done = subprocess.run([*command, "--seeds", str(SEEDS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(rows) == SEEDS * (len(LEAST) + 1)
    for row in rows:
        least = LEAST.get(row["stage"])
        if least is None:
            assert row["windows"] < 0.6, row
        else:
            assert row["windows"] >= least and abs(row["int8"] - row["float"]) <= MOST_LOST, row


def test_by_the_commands(cli: Cli, shared: Path, tmp_path: Path) -> None:
    """As a user goes, on the windows that the tool cuts."""
    data = ("--dataset", "flexemg", "--data", shared / "data/flexemg")

    def result(*arguments: str | Path) -> dict[str, Any]:
        done = cli("--json", *arguments, timeout=3000)
        done.succeeds()
        found: dict[str, Any] = json.loads(done.out)
        return found

    base, tuned = tmp_path / "base", tmp_path / "tuned"
    assert result("train", *data, "--out", base)["accuracy"] >= LEAST["same session"]
    session = ("--session", "3")
    as_it_is = result("eval", "--checkpoint", base / "checkpoint.pt", *data, *session)["accuracy"]
    start = ("--finetune", base / "checkpoint.pt", "--trials", "1")
    found = result("train", *data, *session, *start, "--out", tuned)
    assert found["finetuned"]["accuracy_as_it_was"] == as_it_is < 0.6
    assert found["accuracy"] >= LEAST["session 3 after 1"]
    for run in (base, tuned):
        assert int8_loss(result, run) <= MOST_LOST


def int8_loss(result: Callable[..., dict[str, Any]], run: Path) -> float:
    """Accuracy that int8 costs on the run's test windows, by the conversion's ledger."""
    windows = ("--calibration", run / "calibration.npz", "--windows", run / "test.npz")
    model = ("--model", run / "checkpoint.pt", "--out", run / "int8")
    ledger = result("convert", *model, *windows)["ledger"]
    return abs(float(ledger[-1]["accuracy"]) - float(ledger[0]["accuracy"]))
