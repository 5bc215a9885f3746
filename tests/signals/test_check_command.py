"""`check` through the command line: its exit status, its sentences, its picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.cli import main

HEAD = 'sample_rate_hz = 1000\ngrid = [1, 4]\nlabels = ["rest", "fist"]\n'


def write(folder: Path, scale: float = 0.1, short: bool = False) -> Path:
    rng, text = np.random.default_rng(1), HEAD
    for number in range(2):
        rows = 20 if short and number else 600
        np.save(folder / f"{number}.npy", rng.normal(size=(rows, 4)) * scale)
        text += f'[[recordings]]\nfile = "{number}.npy"\nlabel = "fist"\n'
    (folder / "dataset.toml").write_text(text)
    return folder


def test_sound_recordings_end_with_0_and_a_wrong_unit_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["check", "--dataset", "files", "--data", str(write(tmp_path)), "--json"]
    assert main([*arguments, "--picture", str(tmp_path / "a.svg")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert not report["fails"] and len(report["channels"]) == 4
    assert (tmp_path / "a.svg").read_text().startswith("<svg")
    write(tmp_path, 100.0)
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["findings"][0]["kind"] == "unit"
    assert "error: all 4 electrodes together fail: unit" in captured.err and "try: " in captured.err


def test_one_file_and_recordings_without_a_window(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, short=True)
    assert main(["check", "--dataset", "files", "--data", str(tmp_path)]) == 0
    assert "1.npy gives no window" in capsys.readouterr().err
    assert main(["check", "--samples", str(tmp_path / "0.npy"), "--rate", "1000", "--grid", "2x2"]) == 0
    assert main(["check", "--samples", str(tmp_path / "0.npy"), "--grid", "3x2"]) == 3
    assert "has 4 columns for electrodes" in capsys.readouterr().err
