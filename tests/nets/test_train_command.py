"""train, eval and simulate through the command line, within one process: PyTorch starts only once."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from emgdeploy.cli import main
from emgdeploy.nets import finetune
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.signals import windowfile
from support.inputs.recordings import write_trial

SMALL = ("--sim-sessions", 1, "--sim-repetitions", 2, "--sim-seconds", 0.4, "--test-share", 0.5)


def run(*arguments: object) -> tuple[int, str, str]:
    """(exit status, stdout, stderr) of one command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


def run_well(*arguments: object) -> dict[str, Any]:
    """The JSON result of a command that must succeed."""
    status, out, err = run(*arguments, "--json")
    assert status == 0, out + err
    result: dict[str, Any] = json.loads(out)
    return result


@pytest.fixture(scope="module", autouse=True)
def _arithmetic_of_others_stays_as_it_was() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a few seconds of simulated signal, configured by the published project's config.json."""
    folder = tmp_path_factory.mktemp("train")
    published = {
        "Epoch": 9, "learning_rate": 3e-4, "T_max": 2, "input_width": 8, "input_height": 24, "batch_size": 20,
        "num_workers": 4, "data_path": "data/Training_Trimmed", "dataset": "ICE", "fold": 1, "channel": 1,
        "weight_decay": 3e-4, "label_smoothing": 0.1, "model_save": "pretrain_model", "finetune": False,
        "pretrain_model_path": ".", "model_width": 0.4,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(published))
    arguments = ("--config", folder / "config.json", "--dataset", "simulated", "--epochs", 2, *SMALL)
    status, out, err = run("train", *arguments, "--out", folder / "run", "--json")
    assert status == 0, out + err
    assert "without a meaning" not in err
    (folder / "run.json").write_text(out)
    return folder


def test_config_of_the_published_project_is_taken_and_the_command_line_wins(trained: Path) -> None:
    report = json.loads((trained / "run/metrics.json").read_text())
    assert report["settings"]["learning_rate"] == 3e-4
    assert report["settings"]["t_max"] == 2
    assert report["settings"]["batch_size"] == 20
    assert report["model_width"] == 0.4
    assert report["epochs"] == 2
    assert report["dataset"] == "simulated"
    assert json.loads((trained / "run.json").read_text())["accuracy"] == report["accuracy"]


def test_eval_finds_the_same_test_trials_again(trained: Path) -> None:
    report = json.loads((trained / "run/metrics.json").read_text())
    checkpoint = trained / "run/checkpoint.pt"
    for source in (("--dataset", "simulated"), ("--windows", str(trained / "run/test.npz"))):
        found = run_well("eval", "--checkpoint", checkpoint, *source)
        assert found["accuracy"] == report["accuracy"]
        assert found["confusion"] == report["confusion"]
        assert found["windows"] == report["windows"]["test"]


def test_trials_and_windows_that_were_trained_on_are_no_test(trained: Path, tmp_path: Path) -> None:
    checkpoint = trained / "run/checkpoint.pt"
    report = json.loads((trained / "run/metrics.json").read_text())
    sides = [{json.dumps(t) for t in report["folds"][0][key]} for key in ("train_trials", "test_trials")]
    assert len(sides[0]) == len(sides[1]) == 7 and not sides[0] & sides[1]
    other = ("--dataset", "simulated", *SMALL, "--split-seed", 5)
    named = "was trained on [1-7] of these 7 test trials: trial [0-9]+ of subject 1 session 1"
    for verb in (
        ("eval", "--checkpoint", checkpoint),
        ("train", "--finetune", checkpoint, "--out", tmp_path / "t"),
    ):
        status, _, err = run(*verb, *other)
        assert status == 3 and re.search(named, err), err
    status, _, err = run("eval", "--checkpoint", checkpoint, "--windows", trained / "run/calibration.npz")
    assert status == 3 and "test windows are among those that" in err
    windows = windowfile.load(trained / "run/test.npz")
    assert windows.y is not None
    windowfile.save(tmp_path / "counts.npz", windowfile.Windows(1e4 * windows.x, windows.y))
    _, _, err = run("eval", "--checkpoint", checkpoint, "--windows", tmp_path / "counts.npz")
    assert "warning: these windows are unlike those trained on" in err
    windowfile.save(tmp_path / "from1.npz", windowfile.Windows(windows.x, windows.y + 1))
    status, _, err = run("eval", "--checkpoint", checkpoint, "--windows", tmp_path / "from1.npz")
    assert status == 3 and "from1.npz: y holds class 7, the checkpoint has the classes 0 to 6" in err
    found = run_well("eval", "--checkpoint", checkpoint, "--dataset", "simulated")
    assert {json.dumps(one) for one in found["trials"]} == sides[1]


def test_simulate_writes_windows_for_a_checkpoint_and_for_a_shape(trained: Path, tmp_path: Path) -> None:
    run_well(
        "simulate", "--checkpoint", trained / "run/checkpoint.pt", "--count", 9, "--out", tmp_path / "a.npz"
    )
    found = windowfile.load(tmp_path / "a.npz", (1, 8, 24))
    assert len(found) == 9
    assert found.labels is not None and "hand close" in found.labels
    run_well("simulate", "--shape", "2x3x4", "--count", 5, "--out", tmp_path / "b.npz")
    assert windowfile.load(tmp_path / "b.npz").x.shape == (5, 2, 3, 4)
    status, _, err = run("simulate", "--shape", "0x3", "--out", tmp_path / "c.npz")
    assert status == 2
    assert "0x3" in err


def test_preprocess_file_overrides_single_fields_and_dry_run_writes_nothing(tmp_path: Path) -> None:
    write_trial(tmp_path / "001-Session1Train", 1)
    write_trial(tmp_path / "001-Session1Test", 2)
    (tmp_path / "p.toml").write_text("frames = 2\nwindow_ms = 80\n")
    arguments = [
        *("train", "--dataset", "flexemg", "--data", tmp_path, "--out", tmp_path / "run", "--dry-run"),
        *("--preprocess", tmp_path / "p.toml"),
    ]
    status, out, err = run(*arguments, "--json")
    assert status == 0, out + err
    assert "(2, 16, 4)" in err
    assert json.loads(out)["params"] == 785_747
    assert not (tmp_path / "run").exists()
    (tmp_path / "p.toml").write_text("frames = 7\n")
    status, _, err = run(*arguments)
    assert status == 3
    assert "frames" in err


def test_results_that_cannot_be_written_are_said_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = run("train", "--dataset", "simulated", "--out", tmp_path / "file" / "run", *SMALL)
    assert status == 2
    assert "nothing can be written" in err


def test_folds_votes_disturbances_and_their_notes(tmp_path: Path) -> None:
    arguments = ("train", "--dataset", "simulated", *SMALL[:6], "--epochs", 1, "--folds", 2, "--lost", 0.5)
    report = run_well(*arguments, "--vote", 3, "--resume", "--out", tmp_path / "run")
    assert report["split"] == "kfold" and len(report["folds"]) == 2 and not report["leaks"]
    assert report["voted"]["windows"] == 3
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "calibration.npz", "checkpoint.pt", "metrics.json", "recordings.json", "report.html", "test.npz", "training.csv",
    ]  # fmt: skip
    found = run_well(
        *("eval", "--checkpoint", tmp_path / "run/checkpoint.pt", "--dataset", "simulated"),
        *("--disturb", "lost:48", "gain"),
    )
    assert found["accuracy"] == report["folds"][0]["accuracy"]
    assert set(found["disturbed"]) == {"lost:48", "gain"}
    status, _, err = run(
        "eval", "--checkpoint", tmp_path / "run/checkpoint.pt", "--windows", tmp_path / "run/test.npz",
        "--disturb", "all",
    )  # fmt: skip
    assert status == 2 and "--dataset" in err


def test_a_leaking_split_is_called_so(tmp_path: Path) -> None:
    arguments = ("--dataset", "simulated", *SMALL[:6], "--epochs", 1, "--split", "shuffled")
    status, _, err = run("train", *arguments, "--out", tmp_path)
    assert status == 0 and "LEAKS" in err
    assert json.loads((tmp_path / "metrics.json").read_text())["leaks"] is True


def test_published_widths_are_shown_beside_true_costs(tmp_path: Path) -> None:
    found = run_well("train", "--dataset", "simulated", *SMALL, "--dry-run", "--out", tmp_path)
    assert [w["params"] for w in found["published_widths"]] == [2_314_264, 1_711_960, 1_109_656, 808_504]
    assert [round(w["published_macs"] / 1e6, 3) for w in found["published_widths"]] == [
        18.303, 12.967, 7.632, 4.964,
    ]  # fmt: skip


def test_published_finetune_names_its_checkpoint(tmp_path: Path) -> None:
    config = {"finetune": True, "pretrain_model_path": str(tmp_path / "no.pt"), "colour": "red"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    arguments = ("train", "--config", tmp_path / "config.json", "--dataset", "simulated", *SMALL)
    status, _, err = run(*arguments, "--out", tmp_path / "run")
    assert status == 3 and "no.pt" in err and "colour" in err


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    arguments = ("train", "--dataset", "simulated", *SMALL, "--dry-run", "--out", tmp_path)
    status, out, _ = run(*arguments, "--input-width", 4, "--input-height", 48)
    assert status == 0 and "(1, 4, 48)" in out
    status, _, err = run(*arguments, "--input-width", 5)
    assert status == 2 and "5 x 24" in err


def test_training_on_for_int8_is_reported_and_its_ranges_are_kept(tmp_path: Path) -> None:
    arguments = ("train", "--dataset", "simulated", *SMALL, "--epochs", 1, "--network", "bandnet-small")
    status, out, err = run(*arguments, "--qat-epochs", 2, "--resume", "--out", tmp_path / "run")
    assert status == 0, out + err
    assert "with the rounding of int8, with ranges learned" in out
    report = json.loads((tmp_path / "run/metrics.json").read_text())
    assert report["epochs"] == 1 and report["qat"]["epochs"] == 2 == len(report["qat"]["losses"])
    ranges = load_checkpoint(tmp_path / "run/checkpoint.pt").ranges
    assert ranges is not None and len(ranges) == 8
    assert not list((tmp_path / "run").glob("progress*"))
    plain = run_well(*arguments, "--out", tmp_path / "plain")
    assert plain["qat"] is None
    assert report["qat"]["before"] == plain["accuracy"]
    assert load_checkpoint(tmp_path / "plain/checkpoint.pt").ranges is None


def test_finetuning_sees_every_gesture_and_says_what_the_checkpoint_reached(
    trained: Path, tmp_path: Path
) -> None:
    checkpoint = trained / "run/checkpoint.pt"
    data = ("--dataset", "simulated", *SMALL, "--sim-repetitions", 4, "--sim-seed", 2)
    arguments = ("train", *data, "--finetune", checkpoint, "--epochs", 1, "--trials", 1)
    status, out, err = run(*arguments, "--out", tmp_path / "run")
    assert status == 0, out + err
    assert "with the checkpoint as it was" in out
    report = json.loads((tmp_path / "run/metrics.json").read_text())
    as_it_was = run_well("eval", "--checkpoint", checkpoint, *data)["accuracy"]
    assert report["finetuned"]["accuracy_as_it_was"] == as_it_was
    assert report["settings"] == {**report["settings"], **finetune.USUAL, "epochs": 1}
    seen = windowfile.load(tmp_path / "run/calibration.npz", (1, 8, 24))
    assert seen.y is not None and set(seen.y) == set(range(len(report["labels"])))


OWN = """
import torch
from support.models.own_net import OwnNet

class Odd(torch.nn.Module):
    def __init__(self, input_shape, classes):
        super().__init__()
        self.input_shape, self.fc = input_shape, torch.nn.Linear(192, classes)
    def forward(self, x):
        return self.fc(torch.tan(torch.atan(x)).flatten(1))

class Plain(Odd):
    def forward(self, x):
        return self.fc(x.flatten(1))
"""


@pytest.fixture
def own_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user stands in, with networks of theirs."""
    (tmp_path / "own_odd.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("dry", [("--dry-run",), ()])
def test_what_cannot_be_converted_is_said_before_training(dry: tuple[str, ...], own_networks: Path) -> None:
    asked = ("--dataset", "simulated", "--network", "own_odd:Odd", "--out", "run", *SMALL, *dry)
    status, _, err = run("train", *asked)
    assert status == 3
    assert "error: own_odd:Odd: cannot be converted: Atan (Atan), Tan (Tan)" in err
    assert "epoch" not in err


def test_a_remembered_network_is_imported_once_it_is_named(own_networks: Path) -> None:
    asked = ("--dataset", "simulated", *SMALL)
    made = run_well("train", *asked, "--factory", "own_odd:Plain", "--epochs", 1, "--out", "run")
    assert made["model"] == "own_odd:Plain"
    del sys.modules["own_odd"]
    status, _, err = run("eval", "--checkpoint", "run/checkpoint.pt", *asked)
    assert status == 3
    assert "own_odd" not in sys.modules
    command = err.splitlines()[-1].removeprefix("try: emgdeploy ")
    assert run_well(*shlex.split(command))["accuracy"] == made["accuracy"]
