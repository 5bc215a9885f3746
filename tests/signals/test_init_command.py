"""`emgdeploy init`: names of files say what they can, people the rest, and what is written can be read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.cli import main
from emgdeploy.signals import datasets
from emgdeploy.signals.readers import naming_scheme

EMG = np.random.default_rng(4).normal(size=(60, 4))
SCHEMES = {
    "{label}-{repetition}.csv": ["fist-1", "fist-2", "rest-1", "rest-2"],
    "{label}_{repetition}.csv": ["hand_open_1", "hand_open_2", "rest_1", "rest_2"],
    "{label}{repetition}.csv": ["fist1", "fist2", "rest1", "rest2"],
    "{label}_r{repetition}.csv": ["g0_r0", "g0_r1", "g1_r0", "g1_r1"],
    "S{subject}/day{session}/{label}_rep_{repetition}.csv": [
        f"S{s}/day{d}/{g}_rep_{r}" for s in (1, 2) for d in (1, 2) for g in ("fist", "rest") for r in (1, 2)
    ],
    "{label}r{repetition}.csv": ["g0r0", "g0r1", "g1r0", "g1r1"],
    "{label}/trial{repetition}.csv": ["fist/trial1", "fist/trial2", "rest/trial1", "rest/trial2"],
    "2024-01-*_{label}_{repetition}.csv": ["2024-01-02_fist_1", "2024-01-02_rest_1", "2024-01-03_fist_2"],
    "emg_{label}.csv": ["emg_fist", "emg_rest"],
    "sub-{subject}_{label}.csv": ["sub-1_fist", "sub-2_rest"],
}


@pytest.mark.parametrize(("pattern", "names"), SCHEMES.items(), ids=SCHEMES.keys())
def test_names_say_the_pattern(pattern: str, names: list[str]) -> None:
    files = [f"{name}.csv" for name in names]
    found = naming_scheme.guess(files)
    assert found.pattern == pattern and not found.missed
    assert len(found.labels) == 2 and (found.labels[0] == "rest" or "g0" in found.labels)


def write(folder: Path, heading: str = "") -> None:
    for label in ("fist", "rest"):
        for repetition in (1, 2):
            rows = "\n".join(",".join(f"{v:.4f}" for v in row) for row in EMG)
            (folder / f"{label}-{repetition}.csv").write_text(heading + rows)


def test_a_folder_becomes_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    (tmp_path / "notes.csv").write_text("1,2\n")
    told = ["--rate", "1000", "--unit", "uV", "--grid", "2x2"]
    assert main(["init", str(tmp_path), *told, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["recordings"] == 4 and report["labels"] == ["rest", "fist"]
    assert any("1 files have other names" in doubt for doubt in report["doubts"])
    dataset = datasets.load("files", tmp_path)
    assert dataset.grid == (2, 2) and dataset.scale == 1e-3
    assert [(r.repetition, int(r.labels[0])) for r in dataset.recordings] == [(1, 1), (2, 1), (1, 0), (2, 0)]
    assert main(["init", str(tmp_path), *told]) == 2 and "--force replaces it" in capsys.readouterr().err


def test_what_cannot_be_known_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    assert main(["init", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "add --rate HZ --unit UNIT" in said and not (tmp_path / "dataset.toml").exists()
    write(tmp_path, "# Sample rate: 500 Hz\na (mV),b (mV),c (mV),d (mV)\n")
    assert main(["init", str(tmp_path)]) == 0
    assert datasets.load("files", tmp_path).sample_rate_hz == 500
    assert "4 electrodes are taken as one row" in capsys.readouterr().err


@pytest.mark.parametrize("classes", [("0", "3"), ("rest", "fist")])
def test_one_long_file_is_divided_by_its_labels(classes: tuple[str, str], tmp_path: Path) -> None:
    rows = [
        f"{n / 1000:.4f}," + ",".join(f"{v:.4f}" for v in row) + f",{classes[n // 15 % 2]}"
        for n, row in enumerate(EMG)
    ]
    (tmp_path / "all.txt").write_text("Time,a,b,c,d,Gesture\n" + "\n".join(rows))
    assert main(["init", str(tmp_path), "--unit", "mV", "--labels", "rest", "fist"]) == 0
    dataset = datasets.load("files", tmp_path)
    assert dataset.sample_rate_hz == 1000 and dataset.electrodes == (1, 2, 3, 4)
    assert [(r.repetition, int(r.labels[0])) for r in dataset.recordings] == [(1, 0), (1, 1), (2, 0), (2, 1)]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--pattern", "{hand}.csv"], 3, "stands for nothing"),
        (["--unit", "inch"], 3, "no unit 'inch'"),
        (["--rate", "1000", "--unit", "mV", "--grid", "3x3"], 3, "the grid wants 9"),
    ],
)
def test_what_makes_no_sense_writes_nothing(
    arguments: list[str], status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    assert main(["init", str(tmp_path), *arguments]) == status
    assert said in capsys.readouterr().err and not (tmp_path / "dataset.toml").exists()
    assert main(["init", str(tmp_path / "absent")]) == 3


def test_a_format_that_says_its_classes(tmp_path: Path) -> None:
    trials = {
        f"idx_{n}": {"gestureName": name, "emg": {"ch1": [n, 2, 3], "ch2": [4, n, 6]}}
        for n, name in enumerate(("rest", "fist", "rest"))
    }
    (tmp_path / "user1.json").write_text(json.dumps({"trainingSamples": trials}))
    assert main(["init", str(tmp_path), "--unit", "counts"]) == 0
    dataset = datasets.load("files", tmp_path)
    assert dataset.sample_rate_hz == 200 and dataset.unit == "counts"
    assert [(r.repetition, int(r.labels[0])) for r in dataset.recordings] == [(1, 0), (2, 1), (3, 0)]


def test_arrays_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "all.npz", emg=EMG.T, y=np.repeat([2, 5, 2], 20))
    told = ["init", str(tmp_path), "--rate", "1000", "--unit", "mV"]
    assert main(told) == 3 and "try: it has emg, y" in capsys.readouterr().err
    arrays = ["--samples-array", "emg", "--label-array", "y", "--labels", "rest", "fist"]
    assert main([*told, *arrays]) == 0
    found = datasets.load("files", tmp_path).recordings
    assert [(r.repetition, int(r.labels[0]), len(r.samples)) for r in found] == [
        (1, 0, 20),
        (1, 1, 20),
        (2, 0, 20),
    ]
    assert main([*told, *arrays, "thumb", "--force"]) == 2
    assert "3 labels for the classes 2, 5" in capsys.readouterr().err
