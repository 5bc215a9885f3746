"""Real recordings, whole: train on a session's train folder, test every window of its test folder on the device."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands.command import Cli

pytestmark = pytest.mark.long


def test_from_recordings_to_an_emulated_cortex_m4(cli: Cli, shared: Path, tmp_path: Path) -> None:
    run, build = tmp_path / "run", tmp_path / "build"
    data = shared / "data/flexemg"
    cli("train", "--dataset", "flexemg", "--data", data, "--out", run, timeout=1800).succeeds()
    metrics = json.loads((run / "metrics.json").read_text())
    windows = ("--calibration", run / "calibration.npz", "--windows", run / "test.npz")
    model = run / "checkpoint.pt"
    cli("build", "--board", "qemu-mps2-an386", "--model", model, *windows, "--out", build).succeeds()
    cli("flash", "--build", build).succeeds()
    cli("bench", "--build", build, timeout=1800).succeeds()
    verdict = json.loads((build / "bench.json").read_text())
    accuracy = verdict["accuracy"]
    print(
        "trained:", metrics["accuracy"], "bench:", accuracy, verdict["correct_bits"], "of", verdict["windows"]
    )
    assert accuracy["float"] >= 0.995
    assert abs(accuracy["host_int8"] - accuracy["float"]) <= 0.003
    assert accuracy["device"] == accuracy["host_int8"]
    assert verdict["correct_bits"] == verdict["windows"] >= 2000
