"""A ring of eight electrodes, Ninapro DB5: BandNet beside EffiE's CNN, by the same commands, float and int8."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import ROOT
from support.commands.command import Cli

pytestmark = pytest.mark.long

AHEAD = 0.03
FLAGS = {"12 movements": ("--movement-only",), "with rest": ()}


@dataclass(frozen=True)
class Row:
    """Shares of the test windows; cycles: modelled, of one inference on a Cortex-M4."""

    accuracy: float
    recall: float
    int8: float
    cycles: int


@pytest.mark.parametrize("task", FLAGS)
def test_bandnet_is_ahead_at_fewer_cycles(task: str, cli: Cli, shared: Path, tmp_path: Path) -> None:
    rows = {}
    for network in ("bandnet", "effie", "bandnet-small"):
        rows[network] = measured(cli, shared, tmp_path / network, network, *FLAGS[task])
        print(task, network, rows[network], flush=True)
        assert rows[network].accuracy - rows[network].int8 <= 0.005
    ours, theirs = rows["bandnet"], rows["effie"]
    assert ours.cycles <= theirs.cycles
    assert min(ours.accuracy - theirs.accuracy, ours.recall - theirs.recall) >= AHEAD
    assert ours.int8 - theirs.int8 >= AHEAD


def measured(cli: Cli, shared: Path, out: Path, network: str, *flags: str) -> Row:
    """Train by the recipe on subjects 1, 3 and 4, build for a Cortex-M4, count its cycles."""
    data = ("--dataset", "ninapro-db5", "--data", shared / "data/ninapro_db5", "--subject", "1", "3", "4")
    recipe = ("--config", ROOT / "models/recipes/ring.toml", "--seed", "1")
    cli("train", *recipe, *data, *flags, "--network", network, "--out", out, timeout=3000).succeeds()
    metrics = json.loads((out / "metrics.json").read_text())
    windows = ("--calibration", out / "calibration.npz", "--windows", out / "test.npz")
    model = ("--model", out / "checkpoint.pt", "--optimize", "speed", "--out", out / "build")
    done = cli("--json", "build", "--board", "qemu-mps2-an386", *model, *windows, timeout=1800)
    done.succeeds()
    ledger = json.loads((out / "build/manifest.json").read_text())["ledger"]
    counted = cli("--json", "profile", "--build", out / "build")
    counted.succeeds()
    cycles = int(json.loads(counted.out)["cycles"])
    return Row(metrics["accuracy"], metrics["balanced_accuracy"], ledger[-1]["accuracy"], cycles)
