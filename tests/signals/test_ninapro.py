"""Ninapro DB5: trials, classes, electrodes, and files that are not what they must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import datasets
from emgdeploy.signals.images import labelled_windows
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.recordings import Dataset
from emgdeploy.signals.splits import Division

REST, MOVE = 40, 60


def commands(movements: range, repetitions: int = 3) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Rest and movement in turn, numbered as in the published files, with a rest at the end."""
    movement, repetition = [], []
    for number in movements:
        for turn in range(1, repetitions + 1):
            movement += [0] * REST + [number] * MOVE
            repetition += [turn] * (REST + MOVE)
    return np.array([*movement, *[0] * REST], np.int8), np.array([*repetition, *[0] * REST], np.int8)


def write(folder: Path, subject: int = 1, exercise: int = 1, offset: int = 0, **changed: Any) -> Path:
    count = {1: 12, 2: 17, 3: 23}[exercise]
    movement, repetition = commands(range(1 + offset, count + 1 + offset))
    rng = np.random.default_rng([subject, exercise])
    content = {
        "emg": rng.integers(-128, 128, (len(movement), 16)).astype(np.float32),
        "restimulus": movement[:, None],
        "rerepetition": repetition[:, None],
        "frequency": np.array([[200]], np.uint8),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"S{subject}_E{exercise}_A1.mat"
    savemat(path, {name: value for name, value in {**content, **changed}.items() if value is not None})
    return path


def read(folder: Path, *subjects: int, **options: Any) -> Dataset:
    return datasets.load("ninapro-db5", folder, subjects or None, options=ReadOptions(**options))


def test_a_trial_is_a_rest_and_the_movement_after_it(tmp_path: Path) -> None:
    write(tmp_path)
    dataset = read(tmp_path)
    assert len(dataset.recordings) == 12 * 3 and len(dataset.labels) == 13
    assert dataset.labels[:2] == ("Rest", "A1 index flexion")
    first = dataset.recordings[4]
    assert (first.repetition, first.subject, len(first.samples)) == (2, 1, REST + MOVE)
    assert np.array_equal(first.labels, [0] * REST + [2] * MOVE)
    assert len({recording.group for recording in dataset.recordings}) == 36


def test_repetitions_two_and_five_are_the_default_test(tmp_path: Path) -> None:
    write(tmp_path)
    dataset = read(tmp_path)
    (divided,) = Division().splits(dataset.recordings)
    assert {dataset.recordings[i].repetition for i in divided.test} == {2}


@pytest.mark.parametrize(("ring", "electrodes"), [("elbow", 8), ("wrist", 8), ("both", 16)])
def test_a_window_has_a_row_for_each_electrode(ring: str, electrodes: int, tmp_path: Path) -> None:
    write(tmp_path)
    dataset = read(tmp_path, ring=ring)
    preprocess = datasets.default_preprocess(dataset)
    assert preprocess.input_shape == (1, electrodes, 32)
    made = labelled_windows(dataset.recordings[:1], preprocess)
    windows = preprocess.fit(made.features).normalised(made.features)
    raw = dataset.recordings[0].samples[:32, list(dataset.electrodes)].T
    spread = windows[0, 0].std(axis=1) / raw.std(axis=1)
    middle = windows[0, 0].mean(axis=1) - spread * raw.mean(axis=1)
    assert np.allclose(windows[0, 0], raw * spread[:, None] + middle[:, None], atol=1e-4)


def test_movements_alone_and_chosen_ones(tmp_path: Path) -> None:
    write(tmp_path)
    alone = read(tmp_path, rest=False)
    assert len(alone.labels) == 12
    assert set(np.unique(alone.recordings[0].labels)) == {-1, 0}
    chosen = read(tmp_path, movements=("A3", "A11"))
    assert chosen.labels == ("Rest", "A3 middle flexion", "A11 thumb flexion")
    assert {int(r.labels.max()) for r in chosen.recordings} == {1, 2}


@pytest.mark.parametrize("offset", [0, 12], ids=["from one", "counted on"])
def test_exercises_together(offset: int, tmp_path: Path) -> None:
    write(tmp_path, 1, 1)
    write(tmp_path / "s1", 1, 2, offset)
    dataset = read(tmp_path, exercises=("A", "B"))
    assert len(dataset.labels) == 1 + 12 + 17 and dataset.labels[13] == "B1"
    assert len({recording.group for recording in dataset.recordings}) == len(dataset.recordings)


def test_wishes_that_cannot_be_met(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(UsageError, match="ring"):
        read(tmp_path, ring="knee")
    with pytest.raises(UsageError, match="'B1'"):
        read(tmp_path, movements=("B1",))
    with pytest.raises(UsageError, match="exercise"):
        read(tmp_path, exercises=("D",))
    with pytest.raises(InputError, match="exercise B of subject 1"):
        read(tmp_path, exercises=("B",))
    with pytest.raises(InputError, match="subject 9"):
        read(tmp_path, 9)
    with pytest.raises(InputError, match="no Ninapro"):
        (tmp_path / "empty").mkdir()
        read(tmp_path / "empty")


BROKEN: dict[str, Any] = {
    "emg of another width": {"emg": np.zeros((10, 12))},
    "no emg": {"emg": None},
    "emg is text": {"emg": "text"},
    "emg not finite": {"emg": np.full((3640, 16), np.nan)},
    "labels too short": {"restimulus": np.zeros((7, 1))},
    "labels that are no numbers": {"restimulus": np.array([["a"]])},
    "a movement there is not": {"restimulus": np.full((3640, 1), 60)},
    "half a repetition": {"rerepetition": np.full((3640, 1), 0.5)},
}


@pytest.mark.parametrize("changed", BROKEN.values(), ids=BROKEN.keys())
def test_misshapen_files_are_named(changed: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path, **changed)
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert str(path) in caught.value.message
