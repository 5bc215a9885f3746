"""Recordings are of people: nothing that is written says whose machine made it, and with --anonymous not whose arm."""

from __future__ import annotations

import json
import socket
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from emgdeploy.cli import main
from emgdeploy.nets.checkpoint import load_checkpoint
from emgdeploy.signals import recordingfile

PERSON = "annaquist"
LOOSE = ("--gate-agreement", "0.01", "--gate-logits", "100")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A person's home with recordings of her own, trained on, built, benched and recorded, in it."""
    before = torch.are_deterministic_algorithms_enabled()
    home = tmp_path_factory.mktemp("home") / PERSON
    folder = home / "study"
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in (("HOME", str(home)), ("USER", PERSON), ("LOGNAME", PERSON)):
            patch.setenv(name, value)
        _write_recordings(folder)
        data = ("--dataset", "files", "--data", str(folder / "recordings"), "--subject", "7")
        training = ("train", *data, "--network", "lda", "--out", str(folder / "run"))
        assert main([*training, "--split", "trial"]) == 0
        assert main([*training[:-1], str(folder / "hidden"), "--split", "trial", "--anonymous"]) == 0
        run = folder / "run"
        windows = ("--calibration", str(run / "calibration.npz"), "--windows", str(run / "test.npz"))
        build = ("build", "--board", "native", "--model", str(run / "checkpoint.pt"), *windows, *LOOSE)
        assert main([*build, "--out", str(folder / "made")]) == 0
        samples = ("--samples", str(folder / "recordings/monday-fist-1.npy"))
        assert main(["bench", "--build", str(folder / "made"), *samples, "--anonymous"]) == 0
        assert (
            main(["export", "--build", str(folder / "made"), "--format", "c", "--out", str(folder / "c")])
            == 0
        )
        recordingfile.save(
            folder / "kept.npz", np.ones((9, 4), np.float32), 1000.0, "uV", ("a", "b", "c", "d")
        )
    yield folder
    torch.use_deterministic_algorithms(before)


def _write_recordings(folder: Path) -> None:
    rng = np.random.default_rng(3)
    (folder / "recordings").mkdir()
    for label, strength in (("rest", 1), ("fist", 8)):
        for turn in range(1, 5):
            signal = rng.normal(0, strength * 10, (600, 4)).astype(np.float32)
            np.save(folder / f"recordings/monday-{label}-{turn}.npy", signal)
    (folder / "recordings/dataset.toml").write_text(
        'sample_rate_hz = 1000\ngrid = [2, 2]\nlabels = ["rest", "fist"]\nunit = "uV"\n'
        '[[recordings]]\npattern = "monday-{label}-{repetition}.npy"\nsubject = 7\n'
    )


def _content(path: Path) -> bytes:
    """A file's bytes; of an archive, the members unpacked."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(name.encode() + archive.read(name) for name in archive.namelist())


def _made(study: Path) -> list[Path]:
    files = [path for path in study.rglob("*") if path.is_file() and "recordings" not in path.parts]
    assert {
        "metrics.json",
        "checkpoint.pt",
        "manifest.json",
        "bench.json",
        "bench.html",
        "kept.npz",
        "latest",
    } <= {path.name for path in files}
    return files


def test_no_path_user_or_host_is_in_what_is_written(study: Path) -> None:
    host = socket.gethostname()
    secrets = [PERSON, str(study), str(Path(__file__).parents[2]), sys.prefix]
    secrets += [host] if len(host) > 4 else []  # a shorter one stands anywhere by chance
    for path in _made(study):
        content = _content(path)
        for secret in secrets:
            assert secret.encode() not in content, f"{secret} in {path.relative_to(study)}"
            assert secret not in str(path.relative_to(study))


def test_anonymous_leaves_subjects_and_names_out(study: Path) -> None:
    named, hidden = (json.loads((study / f"{name}/metrics.json").read_text()) for name in ("run", "hidden"))
    assert named["data"]["subjects"] == [7] and named["folds"][0]["test_trials"][0]["subject"] == 7
    assert "monday" in (study / "run/metrics.json").read_text()
    assert hidden["data"]["subjects"] is None and hidden["accuracy"] == named["accuracy"]
    for side in ("train_trials", "test_trials"):
        assert len(hidden["folds"][0][side]) == len(named["folds"][0][side])
        assert all(one["subject"] is None and one["name"] is None for one in hidden["folds"][0][side])
    for path in (study / "hidden").iterdir():
        assert b"monday" not in _content(path)
    checkpoint = load_checkpoint(study / "hidden/checkpoint.pt")
    assert checkpoint.training["data"]["subjects"] is None
    bench = json.loads((study / "made/bench.json").read_text())
    assert bench["windows_source"] == "a recording" and bench["complete"]


def test_the_most_recent_build_is_found_from_where_it_was_built(
    study: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from emgdeploy.firmware import builds

    monkeypatch.chdir(study)
    assert (study / "build/latest").read_text().strip() == "made"
    assert builds.find(None)[0].resolve() == (study / "made").resolve()
    monkeypatch.chdir(tmp_path)
    builds.remember(study / "made")
    assert PERSON not in (tmp_path / "build/latest").read_text()
    assert builds.find(None)[0].resolve() == (study / "made").resolve()
