"""Samples that a user gives are read as the recordings were that the model was trained on, or refused."""

from __future__ import annotations

from pathlib import Path

import edfio
import h5py
import numpy as np
import pytest
from scipy.io import savemat

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import Preprocess, datasets, recordingfile
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


VALUES = np.round(np.random.default_rng(2).normal(0, 100, (400, 4)))


def write(path: Path) -> None:
    """The same samples in a file of that kind."""
    kind = path.suffix.lower()
    if kind in (".csv", ".txt"):
        np.savetxt(path, VALUES, delimiter=",", header="a,b,c,d" if kind == ".csv" else "", comments="")
    elif kind == ".npy":
        np.save(path, VALUES.T if "turned" in path.name else VALUES)
    elif kind == ".npz":
        np.savez(path, x=VALUES, y=np.zeros(400))
    elif kind == ".mat":
        savemat(path, {"x": VALUES})
    elif kind == ".h5":
        with h5py.File(path, "w") as file:
            file["x"] = VALUES
    else:
        signals = [edfio.EdfSignal(column, 1000, physical_range=(-1000, 1000)) for column in VALUES.T]
        edfio.Edf(signals, data_record_duration=0.4).write(path)


@pytest.mark.parametrize("name", ["a.csv", "a.TXT", "a.npy", "turned.npy", "a.npz", "a.mat", "a.h5", "a.edf"])
def test_samples_of_every_kind_of_file(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    matched, _ = from_file(tmp_path / name, reading(HOW, TAKEN, None, None, None))
    assert np.allclose(matched.dataset.recordings[0].samples, VALUES * 0.001, atol=2e-5)
    assert not matched.doubts


def test_what_no_file_of_samples_is_ends_in_a_sentence(tmp_path: Path) -> None:
    how = reading(HOW, TAKEN, None, None, None)
    cases = {
        "s.npy": (b"\x93NUMPY", "no table of numbers"),
        "s.npz": (b"PK\x03\x04", "no table of numbers"),
        "s.csv": (b"a,b\n", "no rows"),
        "s.dat": (b"1", "files ending in '.dat' are not read"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=words):
            from_file(tmp_path / name, how)
    with pytest.raises(InputError, match="cannot be read"):
        from_file(tmp_path / "absent.csv", how)
    np.savez(tmp_path / "a.npz", emg=VALUES)
    with pytest.raises(InputError, match="no array 'x'") as error:
        from_file(tmp_path / "a.npz", how)
    assert "emg" in error.value.hint
    assert len(from_file(tmp_path / "a.npz", how, "emg")[0].dataset.recordings[0].samples) == 400


def test_a_recording_as_it_came_says_its_rate_unit_and_columns(tmp_path: Path) -> None:
    path, names = tmp_path / "r.npz", ("e0", "e1", "e2", "e3")
    taken = Acquisition(1000.0, 4, (1, 2), (1, 2), scale=0.001, names=names)
    turned = tuple(reversed(names))
    recordingfile.save(path, VALUES[:, ::-1], 2000.0, "V", turned, np.arange(400) / 2000)
    matched, said = from_file(path, reading(HOW, taken, None, None, None))
    assert "at 2000 Hz, one unit is 1000 mV" in said and "resampled" in matched.notes[0]
    assert matched.preprocess.electrodes == (2, 1) and not matched.doubts
    matched, _ = from_file(path, reading(HOW, taken, 0.5, 1000.0, (0, 1)))
    assert matched.preprocess.electrodes == (0, 1)
    assert np.allclose(matched.dataset.recordings[0].samples, VALUES[:, ::-1] * 0.5)
    assert len(matched.doubts) == 2 and "--rate says 1000 Hz" in matched.doubts[0]
    recordingfile.save(path, VALUES, 1000.0, "counts")
    matched, _ = from_file(path, reading(HOW, TAKEN, None, None, None))
    assert matched.doubts == ("r.npz says counts, the model was trained on mV",)


def test_a_recording_as_it_came_can_be_trained_on(tmp_path: Path) -> None:
    classes = {"y": np.repeat([0, 1], 200)}
    recordingfile.save(tmp_path / "r.npz", VALUES, 1000.0, "uV", ("a", "b", "c", "d"), more=classes)
    (tmp_path / "dataset.toml").write_text(
        'sample_rate_hz = 1000\ngrid = [1, 4]\nlabels = ["rest", "fist"]\n'
        '[[recordings]]\nfile = "r.npz"\nlabel_array = "y"\ncut = "labels"\n'
    )
    dataset = datasets.load("files", tmp_path)
    assert [len(recording.samples) for recording in dataset.recordings] == [200, 200]
    assert np.allclose(dataset.recordings[0].samples, VALUES[:200] / 1000)
    assert dataset.columns == ("a", "b", "c", "d") and not dataset.doubts


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
