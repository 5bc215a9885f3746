"""golden.npz: made by the reference, read back as plain arrays only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.convert import golden
from emgdeploy.convert.reference import Reference, version
from emgdeploy.errors import InputError


@pytest.fixture(scope="module")
def tflite(shared: Path) -> bytes:
    """The keyword-spotting model: int8, input (49, 10, 1)."""
    return (shared / "models/mlperf_tiny/kws_ref_model.tflite").read_bytes()


def made(tflite: bytes) -> golden.Golden:
    windows = np.random.default_rng(0).normal(size=(6, 1, 49, 10)) * 30
    logits = np.random.default_rng(1).normal(size=(6, 12)).astype(np.float32)
    return golden.make(tflite, windows, (1, 2, 0), np.arange(6), logits)


def test_answers_are_the_references(tflite: bytes) -> None:
    found = made(tflite)
    assert found.x.shape == (6, 49, 10, 1) and found.x.dtype == np.int8
    assert np.array_equal(found.y, Reference(tflite).run(found.x))
    assert found.reference == version()


def test_integers_of_the_device_pass_unchanged(tflite: bytes) -> None:
    x = np.random.default_rng(0).integers(-128, 128, (4, 49, 10, 1)).astype(np.int8)
    found = golden.make(tflite, x, (0, 1, 2))
    assert np.array_equal(found.x, x)
    assert len(found.float_logits) == len(found.labels) == 0


def test_a_file_reads_back_as_it_was_written(tflite: bytes, tmp_path: Path) -> None:
    found = made(tflite)
    golden.save(tmp_path / "a.npz", found)
    golden.save(tmp_path / "b.npz", found)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = golden.load(tmp_path / "a.npz")
    for name in ("x", "y", "float_logits", "labels"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
        assert getattr(again, name).dtype == getattr(found, name).dtype
    assert again.reference == found.reference


def test_damaged_and_foreign_files_are_bad_input(tflite: bytes, tmp_path: Path) -> None:
    path = tmp_path / "golden.npz"
    with pytest.raises(InputError):
        golden.load(path)
    golden.save(path, made(tflite))
    data = path.read_bytes()
    for cut in (0, 10, len(data) // 2, len(data) - 30):
        path.write_bytes(data[:cut])
        with pytest.raises(InputError):
            golden.load(path)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(InputError):
        golden.load(path)
    np.savez(path, x=np.array([{}], object), y=np.zeros(1), float_logits=1, labels=1, reference="r")
    with pytest.raises(InputError):
        golden.load(path)


def test_arrays_of_different_lengths_are_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "golden.npz"
    np.savez(
        path,
        x=np.zeros((3, 2), np.int8),
        y=np.zeros((2, 2), np.int8),
        float_logits=np.zeros((0, 0), np.float32),
        labels=np.zeros(0, np.int64),
        reference="r",
    )
    with pytest.raises(InputError, match="do not fit"):
        golden.load(path)
