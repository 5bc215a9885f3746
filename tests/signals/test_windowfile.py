"""Window files: what is saved comes back; what does not fit is named."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import Windows, windowfile


def rejected(path: Path, shape: tuple[int, ...] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        windowfile.load(path, shape)
    assert "\n" not in caught.value.message
    return caught.value.message


@settings(max_examples=30, deadline=None)
@given(
    x=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 4)),
        elements=st.floats(-9, 9, width=32),
    )
)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, x: NDArray[np.float32]) -> None:
    path = tmp_path_factory.mktemp("w") / "w.npz"
    y = np.arange(len(x), dtype=np.int64) % 2
    windowfile.save(path, Windows(x, y, ("rest", 'a"*/<script>')))
    loaded = windowfile.load(path, x.shape[1:])
    assert loaded.x.dtype == np.float32
    assert np.array_equal(loaded.x, x)
    assert loaded.y is not None
    assert np.array_equal(loaded.y, y)
    assert loaded.labels == ("rest", 'a"*/<script>')


def test_same_windows_give_the_same_bytes(tmp_path: Path) -> None:
    windows = Windows(np.ones((2, 1, 3), np.float32))
    windowfile.save(tmp_path / "a.npz", windows)
    windowfile.save(tmp_path / "b.npz", windows)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_wrong_shape_names_both_shapes(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=np.zeros((3, 1, 8, 24)))
    message = rejected(tmp_path / "w.npz", (1, 16, 4))
    assert "(1, 8, 24)" in message
    assert "(1, 16, 4)" in message


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"z": np.zeros(3)}, "no array `x`"),
        ({"x": np.zeros((0, 4))}, "no window"),
        ({"x": np.zeros(4)}, "x must be numbers"),
        ({"x": np.array([["a", "b"]])}, "x must be numbers"),
        ({"x": np.zeros((2, 4), complex)}, "x must be numbers"),
        ({"x": np.array([[0.0], [np.nan]])}, "window 1"),
        ({"x": np.zeros((2, 4)), "y": np.zeros(3, int)}, "y must be 2 whole numbers"),
        ({"x": np.zeros((2, 4)), "y": np.zeros(2)}, "y must be 2 whole numbers"),
        ({"x": np.zeros((2, 4)), "y": np.array([0, -1])}, "class -1"),
        ({"x": np.zeros((2, 4)), "y": np.array([0, 2]), "labels": np.array(["a", "b"])}, "class 2"),
        ({"x": np.zeros((2, 4)), "labels": np.zeros(2)}, "labels must be"),
        ({"x": np.array([[{}]], dtype=object)}, "Python objects"),
        ({"x": np.zeros((2, 4)), "labels": np.array(["a", {}], dtype=object)}, "Python objects"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, arrays: dict[str, NDArray[np.generic]], said: str
) -> None:
    np.savez(tmp_path / "w.npz", **arrays)  # type: ignore[arg-type]
    assert said in rejected(tmp_path / "w.npz")


def test_missing_cut_off_and_foreign_files(tmp_path: Path) -> None:
    assert "No such file" in rejected(tmp_path / "none.npz")
    assert rejected(tmp_path)
    np.savez(tmp_path / "w.npz", x=np.zeros((20, 30)))
    whole = (tmp_path / "w.npz").read_bytes()
    for keep in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.npz").write_bytes(whole[:keep])
        assert rejected(tmp_path / "cut.npz")
    rng = np.random.default_rng(3)
    for _ in range(50):
        damaged = bytearray(whole)
        damaged[int(rng.integers(len(whole)))] ^= int(rng.integers(1, 256))
        (tmp_path / "flip.npz").write_bytes(damaged)
        with contextlib.suppress(InputError):
            windowfile.load(tmp_path / "flip.npz")
    np.save(tmp_path / "single.npy", np.zeros(3))
    assert "single array" in rejected(tmp_path / "single.npy")


def test_no_window_at_all_only_where_the_caller_can_deal_with_it(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=np.zeros((0, 4)), y=np.zeros(0, int), labels=np.array(["a"]))
    assert "no window" in rejected(tmp_path / "w.npz")
    assert len(windowfile.load(tmp_path / "w.npz", (4,), allow_empty=True)) == 0


def test_half_precision_is_widened(tmp_path: Path) -> None:
    windowfile.save(tmp_path / "w.npz", Windows(np.ones((2, 3), np.float16)))
    assert windowfile.load(tmp_path / "w.npz").x.dtype == np.float32


def test_take_keeps_windows_and_labels_together() -> None:
    windows = Windows(np.arange(6).reshape(3, 2), np.array([0, 1, 2]), ("a", "b", "c"))
    taken = windows.take(np.array([2, 0]))
    assert taken.x.tolist() == [[4, 5], [0, 1]]
    assert taken.y is not None
    assert taken.y.tolist() == [2, 0]
    assert len(taken) == 2
