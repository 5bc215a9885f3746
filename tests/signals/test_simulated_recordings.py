"""simulate --recordings: folders that the readers take, and faults that check names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.cli import main
from emgdeploy.signals.quality.judge import judge
from emgdeploy.signals.readers import table
from emgdeploy.signals.recordings import UNUSED, Dataset

SIZE = ("--grid", "2x5", "--rate", "500", "--repetitions", "5", "--seconds", "0.8", "--rest-seconds", "0.5")
SECONDS = 5 * 6 * (0.5 + 0.8 + 2 * 0.3)


def simulated(folder: Path, *options: str) -> Dataset:
    assert main(["simulate", "--recordings", "--out", str(folder), *SIZE, *options]) == 0
    return table.read(folder, None, None)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return simulated(tmp_path_factory.mktemp("plain") / "a", "--sessions", "2")


def test_a_session_is_one_continuous_file_of_rest_and_gestures(plain: Dataset) -> None:
    assert (plain.grid, plain.sample_rate_hz, len(plain.labels)) == ((2, 5), 500.0, 7)
    assert {recording.name.partition("#")[0] for recording in plain.recordings} == {
        "subject1-session1.npz",
        "subject1-session2.npz",
    }
    assert len(plain.recordings) == 2 * 5 * 6
    assert sum(len(recording.samples) for recording in plain.recordings) == 2 * SECONDS * 500
    rest = plain.labels.index("no movement")
    for recording in plain.recordings:
        assert recording.labels[0] == rest and 1 <= recording.repetition <= 5
        held = set(recording.labels[250:].tolist()) - {UNUSED}
        assert len(held) == 1 and held != {rest}
    assert not judge(plain).fails


def test_gestures_are_stronger_than_rest_and_sessions_differ(plain: Dataset) -> None:
    rest = plain.labels.index("no movement")
    steps = np.concatenate([np.diff(recording.samples, axis=0) for recording in plain.recordings])
    classes = np.concatenate([recording.labels[1:] for recording in plain.recordings])
    assert steps[(classes >= 0) & (classes != rest)].std() > 1.3 * steps[classes == rest].std()
    first, second = (r for r in plain.recordings if r.name.endswith("#1"))
    assert not np.allclose(first.samples, second.samples)


def test_text_and_other_units_hold_the_same_signal(plain: Dataset, tmp_path: Path) -> None:
    text = simulated(tmp_path / "csv", "--format", "csv", "--unit", "V")
    for one, other in zip(text.recordings, plain.recordings, strict=False):
        assert np.allclose(one.samples[:, :10], other.samples, rtol=1e-5, atol=1e-4)
        assert np.array_equal(one.labels, other.labels)
    assert text.columns[:2] == ("emg0", "emg1")


@pytest.mark.parametrize(
    ("fault", "kind", "electrodes"),
    [("drift:12", "drift", 2), ("unplugged:3", "constant", 3), ("hum:0.5", "hum", 10), ("unit", "unit", 0)],
)
def test_each_fault_is_named_by_check(tmp_path: Path, fault: str, kind: str, electrodes: int) -> None:
    quality = judge(simulated(tmp_path / "a", "--fault", fault))
    assert quality.fails
    found = [c for c in quality.channels if kind in {f.kind for f in c.findings if f.severity == "fail"}]
    assert len(found) == electrodes
    assert electrodes or kind in {finding.kind for finding in quality.findings}
    told = json.loads((tmp_path / "a/simulation.json").read_text())
    assert told["faults"][0]["name"] == fault.partition(":")[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--recordings", "--fault", "rain"), "there is no fault 'rain'"),
        (("--recordings", "--fault", "hum:-1"), "there is no fault 'hum:-1'"),
        (("--recordings", "--unit", "counts"), "there is no unit 'counts' here"),
        (("--recordings", "--rate", "50"), "nothing can be simulated"),
        (("--recordings", "--grid", "100x100", "--seconds", "600"), "of memory"),
        (("--recordings", "--shape", "1x2x3"), "--shape is of windows"),
        (("--grid", "4x4"), "--grid is of recordings"),
    ],
)
def test_what_makes_no_sense_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    assert main(["simulate", "--out", str(tmp_path / "a"), *options]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
