"""CSL-HDEMG and ICE Lab: small files in exactly those formats, of MATLAB v5 and v7.3, read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import Preprocess, datasets
from emgdeploy.signals.readers.options import ReadOptions
from emgdeploy.signals.recordings import Dataset

Cells = Sequence[NDArray[Any]]
Writer = Callable[[Path, str, Any], None]


def write_v5(path: Path, name: str, value: NDArray[Any] | Cells) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(value, np.ndarray):
        cells = np.empty((len(value), 1), object)
        for place, cell in enumerate(value):
            cells[place, 0] = cell
        value = cells
    savemat(path, {name: value})


def write_v73(path: Path, name: str, value: NDArray[Any] | Cells) -> None:
    """As MATLAB does: 512 bytes of header, columns first, cells as references into `#refs#`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        if isinstance(value, np.ndarray):
            file[name] = value.T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
        else:
            cells = file.create_dataset(name, (1, len(value)), dtype=h5py.ref_dtype)
            cells.attrs["MATLAB_class"] = np.bytes_("cell")
            for place, cell in enumerate(value):
                file[f"#refs#/{place}"] = cell.T
                cells[0, place] = file[f"#refs#/{place}"].ref
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    with path.open("r+b") as raw:
        raw.write(head)


BOTH = pytest.mark.parametrize("write", [write_v5, write_v73], ids=["v5", "v7.3"])


def channels_by_value(samples: int, columns: int = 192) -> NDArray[np.float64]:
    """(samples, columns): every sample of a channel is the channel's number, so that pixels can be told."""
    return np.tile(np.arange(columns, dtype=np.float64), (samples, 1))


def pixels(dataset: Dataset, recording: int = 0) -> NDArray[np.float32]:
    described = Preprocess(
        dataset.sample_rate_hz, dataset.grid, dataset.electrodes, 1.0, 1.0, image="instant"
    )
    image: NDArray[np.float32] = described.apply(dataset.recordings[recording].samples)[0, 0]
    return image


def csl(tmp_path: Path, write: Writer) -> Path:
    for subject, session, gesture in ((1, 1, 0), (1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)):
        cells = [channels_by_value(30 + number).T for number in range(3)]
        write(tmp_path / f"subject{subject}/session{session}/gest{gesture}.mat", "gestures", cells)
    return tmp_path


@BOTH
def test_csl_is_read_back(write: Writer, tmp_path: Path) -> None:
    folder = csl(tmp_path, write)
    dataset = datasets.load("csl", folder)
    assert dataset.labels == ("idle", "gesture 1", "gesture 2") and len(dataset.recordings) == 9
    assert dataset.recordings[1].samples.shape == (31, 192)
    assert [int(recording.labels[0]) for recording in dataset.recordings] == [0] * 3 + [1] * 3 + [2] * 3
    image = pixels(dataset)
    assert image.shape == (8, 24)
    assert image[:7, 3].tolist() == list(range(24, 31)) and np.all(image[7] == 0)
    other = datasets.load("csl", folder, [1, 2], [1, 2])
    assert {(r.subject, r.session) for r in other.recordings} == {(1, 1), (1, 2), (2, 1)}


def test_csl_edges_cut_and_the_published_order(tmp_path: Path) -> None:
    folder = csl(tmp_path, write_v5)
    cut = datasets.load("csl", folder, options=ReadOptions(edges="cut"))
    assert np.array_equal(pixels(cut), np.arange(192).reshape(24, 8).T[:7])
    published = pixels(datasets.load("csl", folder, options=ReadOptions(order="published")))
    wanted = np.arange(192).reshape(8, 24)
    assert np.array_equal(published, np.where(wanted % 8 == 7, 0, wanted))
    with pytest.raises(UsageError, match="cut"):
        datasets.load("csl", folder, options=ReadOptions(edges="cut", order="published"))


@BOTH
@pytest.mark.parametrize(("key", "columns"), [("Data", 192), ("data", 193)])
def test_ice_is_read_back(write: Writer, key: str, columns: int, tmp_path: Path) -> None:
    for gesture in range(1, 9):
        for repetition in (1, 2):
            write(tmp_path / f"001-{gesture:03d}-{repetition:03d}.mat", key, channels_by_value(20, columns))
    dataset = datasets.load("ice", tmp_path)
    assert len(dataset.recordings) == 16 and dataset.recordings[0].samples.shape == (20, 192)
    assert dataset.labels[0] == "hand close" and dataset.labels[7] == "gesture 8"
    image = pixels(dataset)
    assert image[1].tolist() == [*range(8, 16), *range(72, 80), *range(136, 144)]
    published = datasets.load("ice", tmp_path, options=ReadOptions(order="published"))
    assert np.array_equal(pixels(published), np.arange(192).reshape(8, 24))


def test_defaults_make_windows(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    write_v5(tmp_path / "001-001-001.mat", "Data", rng.normal(size=(600, 192)))
    dataset = datasets.load("ice", tmp_path)
    windows = datasets.default_preprocess(dataset).features(dataset.recordings[0].samples)
    assert windows.shape[1:] == (1, 8, 24) and bool(np.isfinite(windows).all())


BROKEN_CSL: dict[str, Any] = {
    "another number of rows": [np.zeros((191, 10))],
    "text in a cell": [np.array([[1.0]]), np.full((192, 4), np.nan)],
    "a vector": [np.zeros((1, 10))],
}


@BOTH
@pytest.mark.parametrize("cells", BROKEN_CSL.values(), ids=BROKEN_CSL.keys())
def test_misshapen_csl_is_named(write: Writer, cells: Any, tmp_path: Path) -> None:
    path = tmp_path / "subject1/session1/gest1.mat"
    write(path, "gestures", cells)
    with pytest.raises(InputError) as caught:
        datasets.load("csl", tmp_path)
    assert str(path) in caught.value.message


@BOTH
def test_misshapen_ice_is_named(write: Writer, tmp_path: Path) -> None:
    path = tmp_path / "001-001-001.mat"
    for key, value in (("Data", np.zeros((5, 7))), ("other", np.zeros((5, 192)))):
        write(path, key, value)
        with pytest.raises(InputError, match=r"001-001-001"):
            datasets.load("ice", tmp_path)


def test_a_73_file_cannot_point_to_another(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(np.ones((5, 192)).tobytes())
    path = tmp_path / "001-001-001.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("Data", (192, 5), "f8", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    with pytest.raises(InputError, match="another file"):
        datasets.load("ice", tmp_path)


@pytest.mark.parametrize("kept", [0, 100, 600, 3000])
@BOTH
def test_a_file_cut_short_is_named(write: Writer, kept: int, tmp_path: Path) -> None:
    path = tmp_path / "001-001-001.mat"
    write(path, "Data", np.random.default_rng(1).normal(size=(50, 192)))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"001-001-001"):
        datasets.load("ice", tmp_path)


@pytest.mark.parametrize("name", ["csl", "ice"])
def test_a_folder_without_recordings(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no"):
        datasets.load(name, tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        datasets.load(name, tmp_path / "none")
