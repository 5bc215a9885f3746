"""Recordings of one's own: .csv, .npy, .npz, .mat and their description."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from emgdeploy.errors import InputError
from emgdeploy.signals import datasets
from emgdeploy.signals.recordings import Dataset

HEAD = """
sample_rate_hz = 1000
grid = [1, 2]
labels = ["rest", "fist"]
scale = 0.5
"""
RECORDINGS = """
[[recordings]]
file = "a.csv"
label = "fist"
[[recordings]]
file = "b.npy"
label_column = 1
session = 2
[[recordings]]
file = "c.npz"
label_array = "y"
samples_array = "emg"
part = "test"
"""


def write(folder: Path, description: str = HEAD + RECORDINGS) -> Path:
    x = np.arange(12.0).reshape(6, 2)
    y = np.array([0, 0, -1, 1, 1, 1])
    (folder / "dataset.toml").write_text(description)
    (folder / "a.csv").write_text("left,right\n" + "\n".join(f"{a},{b}" for a, b in x))
    np.save(folder / "b.npy", np.column_stack([x[:, 0], y, x[:, 1]]))
    np.savez(folder / "c.npz", emg=x, y=y)
    return folder


def read(folder: Path) -> Dataset:
    return datasets.load("files", folder)


def test_three_formats_say_the_same(tmp_path: Path) -> None:
    dataset = read(write(tmp_path))
    assert dataset.labels == ("rest", "fist") and dataset.grid == (1, 2)
    for recording in dataset.recordings:
        assert np.array_equal(recording.samples, np.arange(12).reshape(6, 2) / 2)
    assert np.array_equal(dataset.recordings[0].labels, np.ones(6))
    assert dataset.recordings[1].labels.tolist() == dataset.recordings[2].labels.tolist()
    assert [(r.session, r.trial, r.part) for r in dataset.recordings] == [
        (1, 1, ""),
        (2, 2, ""),
        (1, 3, "test"),
    ]


def test_matlab_says_the_same(tmp_path: Path) -> None:
    arrays = read(write(tmp_path)).recordings[2]
    y = arrays.labels.astype(float)
    for number, labels in enumerate((y[:, np.newaxis], y[np.newaxis])):
        savemat(tmp_path / f"{number}.mat", {"emg": arrays.samples * 2, "y": labels, "other": "text"})
        write(tmp_path, HEAD + RECORDINGS.replace("c.npz", f"{number}.mat"))
        found = read(tmp_path).recordings[2]
        assert np.array_equal(found.samples, arrays.samples)
        assert np.array_equal(found.labels, arrays.labels)


def test_a_matrix_that_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path, HEAD + RECORDINGS.replace("c.npz", "c.mat"))
    savemat(tmp_path / "c.mat", {"emg": np.ones((3, 2))})
    with pytest.raises(InputError, match=r"c\.mat: there is no `y` in it"):
        read(tmp_path)


def test_sessions_are_chosen(tmp_path: Path) -> None:
    assert len(datasets.load("files", write(tmp_path), None, [2]).recordings) == 1


ONE = HEAD + '[[recordings]]\nfile = "a.csv"\n'
BROKEN = {
    "not TOML": ("=", "is not valid TOML"),
    "an unknown field": (HEAD + "gird = 1", "'gird'"),
    "no rate": (HEAD.replace("sample_rate_hz = 1000", "") + RECORDINGS, "sample_rate_hz"),
    "an endless rate": (HEAD.replace("1000", "inf") + RECORDINGS, "sample_rate_hz"),
    "a grid of three": (HEAD.replace("[1, 2]", "[1, 2, 3]") + RECORDINGS, "grid"),
    "a grid of nothing": (HEAD.replace("[1, 2]", "[0, 2]") + RECORDINGS, "grid"),
    "more electrodes than columns": (HEAD.replace("[1, 2]", "[1, 3]") + RECORDINGS, "channel 2"),
    "no recordings": (HEAD, "no such recordings"),
    "no label": (ONE, "label_column"),
    "two labels": (ONE + 'label = "fist"\nlabel_column = 0', "give one of"),
    "an unknown label": (ONE + 'label = "fits"', "'fits'"),
    "no such column": (ONE + "label_column = 9", "column 9"),
    "a column that is no class": (ONE + "label_column = 0", "whole number"),
    "a file elsewhere": (ONE.replace("a.csv", "../a.csv") + 'label = "fist"', "below"),
    "a file that is not there": (ONE.replace("a.csv", "z.csv") + 'label = "fist"', "z.csv"),
    "an array that is not there": (ONE + 'samples_array = "z"\nlabel = "fist"', "'z'"),
    "a trial that is no number": (ONE + 'label = "fist"\ntrial = "one"', "trial"),
}


@pytest.mark.parametrize(("description", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_wrong_description_is_said(description: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read(write(tmp_path, description))


def test_files_that_are_not_what_they_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    for content in (b"", b"\x93NUMPY", b"PK\x03\x04", b"1,2\n3"):
        (tmp_path / "b.npy").write_bytes(content)
        with pytest.raises(InputError, match=r"b\.npy"):
            read(tmp_path)
    np.save(tmp_path / "b.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(InputError, match=r"b\.npy"):
        read(tmp_path)
