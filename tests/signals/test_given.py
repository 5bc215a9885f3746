"""Samples that a user gives are read as the recordings were that the model was trained on, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import Preprocess
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.given import from_file, of_dataset, reading
from emgdeploy.signals.recordings import Dataset, Recording

HOW = Preprocess(1000.0, (1, 2), (1, 2), 20.0, 10.0)
TAKEN = Acquisition(1000.0, 4, (1, 2), (1, 2), scale=0.001)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    np.savetxt(tmp_path / "s.csv", np.random.default_rng(0).normal(0, 100, (400, 4)), delimiter=",")
    return tmp_path / "s.csv"


def test_unit_and_electrodes_are_those_of_the_recordings_unless_said_otherwise(file: Path) -> None:
    raw = np.loadtxt(file, delimiter=",")
    matched, said = from_file(file, reading(HOW, TAKEN, None, None, None))
    assert np.allclose(matched.dataset.recordings[0].samples, raw * 0.001) and "0.001" in said
    assert matched.preprocess == HOW
    matched, _ = from_file(file, reading(HOW, TAKEN, 1.0, None, (3, -1)))
    assert np.allclose(matched.dataset.recordings[0].samples, raw) and matched.preprocess.electrodes == (
        3,
        -1,
    )


def test_another_rate_is_resampled_and_said(file: Path) -> None:
    matched, _ = from_file(file, reading(HOW, TAKEN, None, 2000.0, None))
    assert len(matched.dataset.recordings[0].samples) == 200 and "resampled" in matched.notes[0]


def test_other_columns_are_refused(file: Path) -> None:
    narrow = Acquisition(1000.0, 3, (1, 2), (1, 2))
    with pytest.raises(InputError, match=r"has 4 columns, the recordings .* have 3"):
        from_file(file, reading(HOW, narrow, None, None, None))
    with pytest.raises(UsageError, match="names 1 columns, the grid has 2"):
        reading(HOW, TAKEN, None, None, (1,))


def test_a_recording_of_a_data_set_brings_its_own_electrodes() -> None:
    samples = np.zeros((50, 4), np.float32)
    recordings = tuple(
        Recording(samples + k, np.zeros(50, np.int64), 1, 1, k, name=f"{k}.csv") for k in (1, 2)
    )
    dataset = Dataset("files", recordings, ("rest",), 1000.0, (1, 2), (3, 0))
    for chosen in ("2", "2.csv"):
        matched, found = of_dataset(dataset, chosen, HOW, TAKEN)
        assert found.samples[0, 0] == 2 and matched.preprocess.electrodes == (3, 0)
    with pytest.raises(UsageError, match="no recording 'x'") as error:
        of_dataset(dataset, "x", HOW, TAKEN)
    assert "1.csv" in error.value.hint
