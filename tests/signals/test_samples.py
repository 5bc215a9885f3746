"""Samples out of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.errors import InputError
from emgdeploy.signals import samples

VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.mark.parametrize("name", ["s.csv", "headings.csv", "s.npy", "s.npz"])
def test_the_same_samples_from_every_kind_of_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if file.suffix == ".csv":
        np.savetxt(file, VALUES, delimiter=",", header="a,b,c" if "head" in name else "", comments="")
        if "head" not in name:
            file.write_text(file.read_text().lstrip("\n"))
    elif file.suffix == ".npy":
        np.save(file, VALUES)
    else:
        np.savez(file, x=VALUES)
    assert np.array_equal(samples.load(file), VALUES)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("s.npy", b"\x93NUMPY", "no table of numbers"),
        ("s.npz", b"PK\x03\x04", "no table of numbers"),
        ("s.csv", b"a,b\n", "no rows"),
        ("s.csv", b"\xff\xfe", "no table of numbers"),
    ],
)
def test_damaged_files_are_refused(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        samples.load(tmp_path / name)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", y=VALUES)
    with pytest.raises(InputError, match="no array 'x'"):
        samples.load(tmp_path / "s.npz")
    with pytest.raises(InputError, match="cannot be read"):
        samples.load(tmp_path / "absent.csv")
