"""Recordings for a model of others: what they say of themselves holds, or is refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.errors import InputError
from emgdeploy.signals import Preprocess, Windows
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.matching import match
from emgdeploy.signals.naming import class_map
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.resample import ratio, resampled

LABELS = ("rest", "fist", "open")


def dataset(samples: np.ndarray, rate: float = 1000.0, grid: tuple[int, int] = (2, 3)) -> Dataset:
    labels = np.arange(len(samples)) * 3 // len(samples)
    labels[:2] = -1
    recording = Recording(samples.astype(np.float32), labels, 1, 1, 1)
    return Dataset("toy", (recording,), LABELS, rate, grid, tuple(range(grid[0] * grid[1])))


NOISE = np.random.default_rng(1).normal(size=(400, 6))
HERE = dataset(NOISE)
HOW = Preprocess(1000.0, (2, 3), tuple(range(6)), 50.0, 25.0)


@settings(deadline=None)
@given(st.permutations(range(6)), st.integers(0, 3), st.sampled_from([(2, 3), (3, 2), (6, 1)]))
def test_any_order_of_columns_gives_the_same_windows(
    order: list[int], before: int, shape: tuple[int, int]
) -> None:
    how = HOW.of_size(*shape, None)  # an image may be shaped otherwise than the array
    moved = np.concatenate([np.zeros((400, before)), NOISE[:, order]], axis=1)
    there = replace(dataset(moved), electrodes=tuple(before + int(place) for place in np.argsort(order)))
    matched = match(there, how, Acquisition.of(HERE), LABELS)
    found = matched.preprocess.apply(matched.dataset.recordings[0].samples)
    assert np.array_equal(found, how.apply(HERE.recordings[0].samples))
    assert bool(matched.notes) == (there.electrodes != HERE.electrodes)


def test_an_electrode_that_was_never_there_stays_away() -> None:
    trained = replace(HERE, electrodes=(0, 1, 2, 3, 4, -1))
    how = replace(HOW, electrodes=trained.electrodes)
    assert match(HERE, how, Acquisition.of(trained), LABELS).preprocess.electrodes == trained.electrodes


@given(st.permutations(LABELS), st.integers(1, 3))
def test_gestures_are_found_by_name(order: list[str], count: int) -> None:
    names = tuple(order[:count])
    y = np.arange(count).repeat(2)
    found = Windows(np.zeros((2 * count, 1)), y, names).named_as(LABELS, "w.npz")
    assert found.y is not None and found.labels == LABELS
    assert [LABELS[c] for c in found.y] == [names[c] for c in y]
    there = replace(HERE, labels=tuple(order))
    matched = match(there, HOW, None, LABELS).dataset
    for old, new in zip(there.recordings[0].labels, matched.recordings[0].labels, strict=True):
        assert new == -1 if old == -1 else LABELS[new] == order[old]


def test_an_unknown_gesture_is_refused_and_a_near_one_named() -> None:
    with pytest.raises(InputError, match=r"w\.npz: the model does not know the gesture 'point'") as caught:
        class_map(("rest", "point"), LABELS, "w.npz")
    assert "rest, fist, open" in caught.value.message
    with pytest.raises(InputError, match="'Fist'") as caught:
        class_map(("Fist",), LABELS, "w.npz")
    assert "'fist' in the model" in caught.value.hint
    assert Windows(np.zeros((1, 1)), None, None).named_as(LABELS, "w.npz").labels is None


@pytest.mark.parametrize(
    ("have", "wanted"), [(2048.0, 1000.0), (1000.0, 2048.0), (1259.259, 1000.0), (1925.926, 2000)]
)
def test_another_rate_is_the_same_signal(have: float, wanted: float) -> None:
    seconds, hertz, offset = 1.5, 90.0, 187.0
    time = np.arange(round(seconds * have)) / have
    there = dataset(np.sin(2 * np.pi * hertz * time)[:, None] + offset, have, (1, 1))
    found = resampled(there, wanted).recordings[0]
    assert len(found.samples) == pytest.approx(seconds * wanted, abs=2)
    assert len(found.labels) == len(found.samples)
    time = np.arange(len(found.samples)) / wanted
    error = np.abs(found.samples[:, 0] - offset - np.sin(2 * np.pi * hertz * time))
    assert error[50:-50].max() < 0.002 and error.max() < 0.1  # no ringing of the offset at the ends
    starts = np.flatnonzero(np.diff(found.labels)) / wanted
    assert starts == pytest.approx(np.flatnonzero(np.diff(there.recordings[0].labels)) / have, abs=2 / wanted)
    assert Acquisition.of(resampled(there, wanted)).sample_rate_hz == have
    assert float(ratio(have, wanted)) == pytest.approx(wanted / have, rel=1e-5)


def test_resampling_is_stated_and_a_rate_without_the_signal_refused() -> None:
    matched = match(replace(HERE, sample_rate_hz=2048.0), HOW, None, LABELS)
    assert matched.dataset.sample_rate_hz == 1000.0
    assert "resampled from 2048 Hz to the model's 1000 Hz (polyphase, 125/256)" in matched.notes
    with pytest.raises(InputError, match="recordings of 200 Hz hold nothing above 100 Hz"):
        match(replace(HERE, sample_rate_hz=200.0), HOW, None, LABELS)


def test_another_array_or_unit_is_said() -> None:
    with pytest.raises(
        InputError, match="recordings are of 3 x 2 electrodes, the model was trained on 2 x 3"
    ):
        match(replace(HERE, grid=(3, 2)), HOW, None, LABELS)
    assert match(replace(HERE, unit="counts"), HOW, Acquisition.of(HERE), LABELS).doubts
    trained = replace(
        Acquisition.of(HERE), electrodes=(9, 1, 2, 3, 4, 5)
    )  # the model's column 0 was none of these
    with pytest.raises(InputError, match="uses column 0, which was no electrode"):
        match(replace(HERE, electrodes=(1, 0, 2, 3, 4, 5)), HOW, trained, LABELS)
