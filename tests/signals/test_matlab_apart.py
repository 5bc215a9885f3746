"""Damaged and hostile MATLAB files end in a sentence, whatever they do to the library that reads them."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from emgdeploy.errors import InputError
from emgdeploy.signals.readers import apart

HEAD = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"


def same(found: Any, wanted: Any) -> bool:
    """Also below cells and fields."""
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    if wanted.dtype.names:
        return all(same(found[name], wanted[name]) for name in wanted.dtype.names)
    if wanted.dtype.kind == "O":
        return all(same(*pair) for pair in zip(found.ravel(), wanted.ravel(), strict=True))
    return bool(np.array_equal(found, wanted))


@pytest.mark.parametrize("compressed", [False, True])
def test_everything_comes_back_as_scipy_gives_it(compressed: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cells = np.empty((2, 1), object)
    cells[:, 0] = [rng.normal(size=(3, 4)), np.array(["ab", "c"])]
    values: dict[str, Any] = {
        "numbers": rng.normal(size=(20, 3)),
        "small": rng.integers(0, 9, (2, 3, 4)).astype(np.int16),
        "none": np.zeros((0, 5)),
        "flag": np.array([[True]]),
        "cells": cells,
        "record": {"a": 1.5, "b": "text", "c": {"d": np.arange(3)}},
    }
    savemat(tmp_path / "all.mat", values, do_compression=compressed)
    wanted = loadmat(tmp_path / "all.mat")
    found = apart.read(tmp_path / "all.mat", (*values, "absent"), "")
    assert sorted(found.pop("@there").tolist()) == sorted(values)
    assert found.keys() == values.keys()
    assert all(same(found[name], wanted[name]) for name in values)
    found["numbers"] += 1  # its own memory


def test_a_file_that_crashes_its_reader(shared: Path, tmp_path: Path) -> None:
    """A mutant that SciPy's own code follows out of its memory, and the files after it.

    What lies there differs from machine to machine: the reader crashes or it complains.
    """
    path = shared / "cases" / "faults" / "segv.mat"
    if not path.is_file():
        pytest.skip("no such file among the shared ones")
    savemat(tmp_path / "good.mat", {"x": np.ones((2, 2))})
    for _ in range(2):
        with pytest.raises(InputError, match=r"its reader crashed or did not end|is damaged"):
            apart.read(path, ("x", "raw", "p", "Data", "gestures", "emg"), "")
        assert apart.read(tmp_path / "good.mat", ("x",), "")["x"].sum() == 4


def test_a_child_that_somebody_ended_is_started_again(tmp_path: Path) -> None:
    savemat(tmp_path / "good.mat", {"x": np.ones((2, 2))})
    assert apart.read(tmp_path / "good.mat", ("x",), "")
    assert apart._child is not None
    apart._child._process.kill()
    apart._child._process.wait()
    assert apart.read(tmp_path / "good.mat", ("x",), "")["x"].sum() == 4


def test_a_file_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_SECONDS", 0.2)
    os.mkfifo(tmp_path / "pipe.mat")
    with pytest.raises(InputError, match="crashed or did not end"):
        apart.read(tmp_path / "pipe.mat", ("x",), "")


@pytest.mark.parametrize("numbers", [10_000_000, 1 << 40, 1 << 60])
def test_a_data_set_without_its_values(numbers: int, tmp_path: Path) -> None:
    path = tmp_path / "w.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("x", (numbers,), "f8", chunks=(1000,))
    with path.open("r+b") as raw:
        raw.write(HEAD)
    with pytest.raises(InputError, match="more than it can hold"):
        apart.read(path, ("x",), "")


def test_mutants_end_in_a_sentence(tmp_path: Path) -> None:
    draw = random.Random(5)
    savemat(tmp_path / "v5.mat", {"x": np.arange(12.0).reshape(3, 4), "p": {"a": [1, 2], "b": "text"}})
    whole = (tmp_path / "v5.mat").read_bytes()
    endings = {"read": 0, "refused": 0}
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(draw.choice((1, 1, 2, 8))):
            data[draw.randrange(128, len(data))] = draw.choice((0, 1, 14, 0x7F, 0xFF, draw.randrange(256)))
        path = tmp_path / "mutant.mat"
        path.write_bytes(bytes(data))
        try:
            apart.read(path, ("x", "p"), "")
            endings["read"] += 1
        except InputError:
            endings["refused"] += 1
    assert endings["read"] > 5 and endings["refused"] > 5
