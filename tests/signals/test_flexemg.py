"""The flexemg reader: labels by the clock, the array map, real recordings, and files that are not right."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import Preprocess, datasets
from emgdeploy.signals.images import labelled_windows, window_classes
from emgdeploy.signals.readers import flexemg
from emgdeploy.signals.recordings import Recording
from support.inputs.recordings import write_trial


def rejected(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        flexemg.read(folder)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_labels_follow_the_clock_and_leave_transitions_out() -> None:
    labels = flexemg.command_labels(28_000, [3, 4, 2, 1], 5000, 5000, 1)
    assert set(labels[:1000]) == {-1}
    assert set(labels[1000:4000]) == {0}
    assert set(labels[4000:6000]) == {-1}
    assert set(labels[6000:9000]) == {3}
    assert set(labels[21_000:24_000]) == {1}
    assert set(labels[24_000:]) == {-1}
    assert [int((labels == c).sum()) for c in range(5)] == [3000] * 5


def test_repeated_sets_rest_before_each() -> None:
    labels = flexemg.command_labels(40_000, [1, 2], 5000, 5000, 2)
    assert labels[17_500] == 0
    assert labels[22_500] == 1
    assert labels[27_500] == 2


@settings(deadline=None)
@given(
    st.integers(1, 9000),
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
    st.integers(1, 900),
    st.integers(1, 900),
)
def test_no_label_near_a_change_of_command(
    samples: int, sequence: list[int], rest: int, gesture: int
) -> None:
    labels = flexemg.command_labels(samples, sequence, rest, gesture, 1)
    assert len(labels) == samples
    used = np.flatnonzero(labels >= 0)
    for first, second in itertools.pairwise(used.tolist()):
        assert labels[first] == labels[second] or second - first > 2 * round(0.2 * gesture) - 1
    assert bool((labels[max(0, samples - 3000) :] == -1).all())


def test_reads_what_the_layout_says(tmp_path: Path) -> None:
    write_trial(tmp_path / "001-Session2Train", 1)
    write_trial(tmp_path / "001-Session2Test", 7)
    data = flexemg.read(tmp_path)
    assert data.labels == ("Rest", "Fist", "Open")
    assert data.grid == (16, 4)
    assert data.sample_rate_hz == 1000.0
    by_part = {r.part: r for r in data.recordings}
    assert (by_part["train"].trial, by_part["test"].trial) == (1, 7)
    assert by_part["train"].session == 2
    assert by_part["train"].samples.shape == (4500, 64)
    assert by_part["train"].labels[750] == 2
    assert by_part["train"].labels[1250] == 1
    raw = np.random.default_rng(1).integers(0, 100, (4500, 96))
    assert np.array_equal(by_part["train"].samples, (raw[:, :64] * 0.5).astype(np.float32))


def test_a_train_folder_brings_the_test_folder_beside_it(tmp_path: Path) -> None:
    write_trial(tmp_path / "001-Session1Train", 1)
    write_trial(tmp_path / "001-Session1Test", 1)
    assert {r.part for r in flexemg.read(tmp_path / "001-Session1Train").recordings} == {"train", "test"}
    assert {r.part for r in flexemg.read(tmp_path / "001-Session1Test").recordings} == {"test"}


def test_without_a_choice_the_first_session_is_taken(tmp_path: Path) -> None:
    for session in (2, 3):
        write_trial(tmp_path / f"001-Session{session}Train")
    assert {r.session for r in datasets.load("flexemg", tmp_path).recordings} == {2}
    assert {r.session for r in datasets.load("flexemg", tmp_path, sessions=[3, 2]).recordings} == {2, 3}
    with pytest.raises(InputError, match="1/2, 1/3"):
        datasets.load("flexemg", tmp_path, sessions=[9])
    with pytest.raises(UsageError):
        datasets.load("flexemg", None)


def test_array_map_beside_the_recordings_wins(tmp_path: Path) -> None:
    write_trial(tmp_path / "001-Session1Train")
    assert flexemg.read(tmp_path).electrodes[:5] == (28, 29, 30, 31, 24)
    savemat(tmp_path / "arraymap.mat", {"arraymap": np.arange(64, 0, -1).reshape(8, 8)})
    data = flexemg.read(tmp_path)
    assert (data.grid, data.electrodes[0], data.electrodes[-1]) == ((8, 8), 63, 0)
    savemat(tmp_path / "arraymap.mat", {"arraymap": np.zeros((8, 8))})
    assert "arraymap" in rejected(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"raw": None}, "no `raw`"),
        ({"raw": np.zeros((5, 3))}, "raw must be"),
        ({"raw": np.zeros((4500, 64), complex)}, "raw must be"),
        ({"raw": np.full((4500, 64), np.nan)}, "not finite"),
        ({"sequence": np.array([[1, 3]])}, "gesture 3 of 2"),
        ({"sequence": np.array([[0.5]])}, "p.sequence"),
        ({"timegest": 0}, "p.timegest"),
        ({"timegest": 10**6}, "twice as long"),
        ({"lsbmV": -1.0}, "p.lsbmV"),
        ({"labelnames": 3}, "p.labelnames"),
    ],
)
def test_trial_that_is_not_right_is_named(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    path = write_trial(tmp_path / "001-Session1Train", **changed)
    message = rejected(tmp_path)
    assert said in message
    assert str(path) in message


def test_empty_missing_and_damaged(tmp_path: Path) -> None:
    assert "no flexemg recordings" in rejected(tmp_path)
    assert "no such folder" in rejected(tmp_path / "none")
    (tmp_path / "001-Session1Train").mkdir()
    assert "no flexemg recordings" in rejected(tmp_path)
    path = write_trial(tmp_path / "001-Session1Train")
    whole = path.read_bytes()
    for keep in (0, 50, 1000, len(whole) // 2):
        path.write_bytes(whole[:keep])
        assert str(path) in rejected(tmp_path)
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124, b" ") + b"\x00\x02IM" + bytes(400))
    assert "7.3" in rejected(tmp_path)


def test_real_recordings_have_equal_shares_of_five_classes(shared: Path) -> None:
    folder = shared / "data/flexemg"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}")
    data = datasets.load("flexemg", folder)
    assert data.labels == ("Rest", "Fist", "Raise", "Lower", "Open")
    assert len(data.recordings) == 20
    images = labelled_windows(data.recordings[:2], datasets.default_preprocess(data))
    assert len(set(np.bincount(images.y).tolist())) == 1
    assert images.features.shape[1:] == (1, 16, 4)
    assert bool(np.isfinite(images.features).all())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1, 2), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 5))
def test_a_window_has_a_class_only_when_all_its_samples_have_it(
    classes: list[int], window: int, stride: int
) -> None:
    labels = np.repeat(np.array(classes, np.int64), 3)
    wanted = Preprocess(1000.0, (1, 1), (0,), float(window), float(stride))
    expected = [
        int(part[0]) if len(set(part.tolist())) == 1 else -1
        for part in (labels[s : s + window] for s in range(0, len(labels) - window + 1, stride))
    ]
    assert window_classes(labels, wanted).tolist() == expected


def test_recordings_without_any_usable_window_are_said() -> None:
    recording = Recording(np.zeros((50, 1), np.float32), np.full(50, -1), 1, 1, 1)
    with pytest.raises(InputError, match="labelled stretch"):
        labelled_windows([recording], Preprocess(1000.0, (1, 1), (0,), 10.0, 5.0))
