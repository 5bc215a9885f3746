"""Array files that claim more than they hold: refused by their headers, before anybody makes room."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.errors import InputError
from emgdeploy.signals import archive, arrayfile, windowfile


def header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    """An .npy without its data."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def packed(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (packed({"x.npy": header((1 << 40, 4))}), "does not fit into its"),
        (packed({"x.npy": header((4, 4), "<U100000000")}), "does not fit into its"),
        (packed({"x.npy": header((2, 2), "|O") + bytes(32)}), "Python objects"),
        (packed({"x.npy": header((1, 70 << 18)) + bytes(70 << 20)}), "would become"),
        (packed({f"{n}.npy": b"" for n in range(10_001)}), "10001 members"),
        (packed({"x.npy": header((2, 2)) + bytes(16)}, zipfile.ZIP_LZMA), "compressed in an unknown way"),
        (packed({"x.npy": b"no array"}), "cannot be read as windows"),
    ],
)
def test_a_window_file_that_claims_too_much(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(InputError, match=words):
        windowfile.load(tmp_path / "w.npz")


def test_a_single_array_that_claims_too_much() -> None:
    for content in (header((1 << 40,)), header((3,)) + bytes(8)):
        with pytest.raises(ValueError, match="does not fit into its"):
            archive.load_one(content)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 5), (4, 3, 2)])
def test_what_numpy_writes_is_read(shape: tuple[int, ...], order: str) -> None:
    array = np.asarray(np.arange(np.prod(shape)).reshape(shape), order=order)  # type: ignore[call-overload]
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, x=array, text=np.array(["ä", "b"]))
        found = archive.load(buffer.getvalue())
        assert found["x"].dtype == array.dtype and np.array_equal(found["x"], array)
        assert found["text"].tolist() == ["ä", "b"]
    buffer = io.BytesIO()
    np.save(buffer, array)
    assert np.array_equal(archive.load_one(buffer.getvalue()), array)


def test_large_numbers_of_classes_are_not_made_negative(tmp_path: Path) -> None:
    for last in (1 << 63, (1 << 64) - 1, 1 << 40):
        np.savez(tmp_path / "w.npz", x=np.zeros((2, 3), np.float32), y=np.array([0, last], np.uint64))
        with pytest.raises(InputError, match=f"y holds class {last}, allowed is 0..65535"):
            windowfile.load(tmp_path / "w.npz")


def test_a_line_without_an_end(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("1," * 100_000)
    with pytest.raises(InputError, match="a line has more than 131,072 characters"):
        arrayfile.read_table(tmp_path / "s.csv", "")
