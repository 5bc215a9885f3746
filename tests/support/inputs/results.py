"""A small training, a build of it, its profile and its bench: all that a report is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.nets import experiment, results
from emgdeploy.nets.train import TrainSettings
from emgdeploy.report import whole
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.quality.judge import judge
from support.commands.command import Cli
from support.inputs.toy_dataset import toy_dataset, toy_preprocess


@pytest.fixture(scope="session")
def trained_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `train` leaves of the toy data set."""
    folder, data = tmp_path_factory.mktemp("toy") / "net", toy_dataset(trials=10)
    folder.mkdir()
    task = experiment.prepare(DataChoice("toy"), data, toy_preprocess())
    outcome = experiment.run(task, experiment.Model("gridnet"), TrainSettings(epochs=3))
    report = results.save(outcome, folder)
    whole.write_training(folder, report, results.save_recordings(task, judge(data), folder))
    return folder


@pytest.fixture(scope="session")
def whole_project(cli: Cli, trained_toy: Path) -> Path:
    """The folder that holds it, and a benched and profiled build for an emulated board."""
    build = trained_toy.parent / "build"
    model, windows = trained_toy / "checkpoint.pt", trained_toy / "calibration.npz"
    board = ("--board", "qemu-mps2-an386")
    cli("build", *board, "--model", model, "--calibration", windows, "--out", build).succeeds()
    cli("profile", "--build", build).succeeds()
    cli("bench", "--build", build, "--windows", trained_toy / "test.npz").succeeds()
    return trained_toy.parent
