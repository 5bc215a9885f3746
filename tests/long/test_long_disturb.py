"""Electrodes that come off: a network trained for it beside one that was not, on the same test trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands.command import Cli

pytestmark = pytest.mark.long

WINDOWS_EVERY = "stride_ms = 100\n"
PLAIN, ROBUST = ("--epochs", "4"), ("--epochs", "6", "--robust")


def test_sixteen_of_sixty_four_electrodes_lost(cli: Cli, shared: Path, tmp_path: Path) -> None:
    data = ("--dataset", "flexemg", "--data", shared / "data/flexemg")
    (tmp_path / "windows.toml").write_text(WINDOWS_EVERY)
    found = {}
    for name, how in (("plain", PLAIN), ("robust", ROBUST)):
        run = tmp_path / name
        made = ("--preprocess", tmp_path / "windows.toml", *how, "--out", run)
        cli("train", *data, *made, timeout=3000).succeeds()
        done = cli("--json", "eval", "--checkpoint", run / "checkpoint.pt", *data, "--disturb", "lost:16")
        done.succeeds()
        result = json.loads(done.out)
        found[name] = result["accuracy"], result["disturbed"]["lost:16"]
        print(f"{name}: clean {found[name][0]:.2%}, 16 electrodes lost {found[name][1]:.2%}", flush=True)
    plain, robust = found["plain"][1], found["robust"][1]
    clean = found["robust"][0]
    assert robust - plain >= 0.30 or clean - robust <= 0.05
    assert clean >= 0.99
