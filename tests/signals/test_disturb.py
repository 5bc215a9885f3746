"""Disturbances: each does what it says, to the electrodes it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from emgdeploy.errors import UsageError
from emgdeploy.signals import corruptions as disturb
from emgdeploy.signals.corruptions import Array, Disturbance
from emgdeploy.signals.recordings import Dataset, Recording

RATE = 1000.0
ARRAY = Array((3, 4), (*range(11, 0, -1), -1), RATE)


def samples(count: int = 4000) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(1).normal(5.0, 1.0, (count, 13)).astype(np.float32)


def dataset() -> Dataset:
    recordings = tuple(
        Recording(samples(), np.zeros(4000, np.int64), 1, session, trial)
        for session in (1, 2)
        for trial in (1, 2)
    )
    return Dataset("made", recordings, ("one",), RATE, ARRAY.grid, ARRAY.electrodes)


def test_lost_electrodes_are_the_same_all_session_and_others_in_another() -> None:
    made = Disturbance("lost", 3).of(dataset(), seed=1)
    silent = [set(np.flatnonzero(~r.samples.any(axis=0)).tolist()) for r in made.recordings]
    assert all(len(one) == 3 and one <= set(range(1, 12)) for one in silent)
    assert silent[0] == silent[1] and silent[2] == silent[3] and silent[0] != silent[2]


def test_a_loose_contact_comes_and_goes() -> None:
    made = disturb.loose(samples(), ARRAY, 2, np.random.default_rng(1))
    share = (made == 0).mean(axis=0)
    assert sum(share > 0) == 2 and np.all((share == 0) | ((share > 0.2) & (share < 0.8)))


def test_artefacts_die_away() -> None:
    before = samples()
    made = disturb.artefacts(before, ARRAY, 1.0, np.random.default_rng(3))
    change = np.abs(made - before)
    assert 8 < change.max() < 40 and 0 < np.count_nonzero(change.max(axis=0) > 5) <= 10
    assert not change[:, [0, 12]].any()


def test_shift_and_rotation_move_pixels() -> None:
    before = samples(10)
    order = np.reshape(ARRAY.electrodes, ARRAY.grid)
    rolled = disturb.rotation(before, ARRAY, 1, np.random.default_rng(1))
    assert np.array_equal(rolled[:, order[0, 1]], before[:, order[0, 0]])
    assert np.array_equal(rolled[:, order[0, 0]], before[:, order[0, 3]])
    moved = disturb.shift(before, ARRAY, 1, np.random.default_rng(1))
    assert np.array_equal(moved[:, order[0, 2]], before[:, order[1, 2]])
    assert np.array_equal(moved[:, order[2, 2]], before[:, order[2, 2]])
    assert not moved[:, order[1, 3]].any()


def test_gain_drifts() -> None:
    before = samples()
    ratio = disturb.gain(before, ARRAY, 0.5, np.random.default_rng(1)) / before
    assert ratio.min() > 0 and np.std(np.log(ratio[0])) > 0.2
    assert np.allclose(ratio[len(ratio) // 2], (ratio[0] + ratio[-1]) / 2, rtol=1e-2)


def test_power_line_is_at_50_hz_and_as_strong_as_asked() -> None:
    before = samples()
    line = disturb.powerline(before, ARRAY, 2.0, np.random.default_rng(1)) - before
    assert np.allclose(line.std(axis=0), 2.0 * before.std(axis=0), rtol=1e-2)
    assert np.all(np.abs(np.fft.rfft(line, axis=0))[1:].argmax(axis=0) + 1 == 200)


def test_nothing_else_is_touched_and_the_same_seed_does_the_same() -> None:
    given = dataset()
    for name in disturb.KINDS:
        one, same = (Disturbance(name).of(given, 4) for _ in range(2))
        for before, a, b in zip(given.recordings, one.recordings, same.recordings, strict=True):
            assert np.array_equal(a.samples, b.samples) and a.samples.dtype == np.float32
            assert a.group == before.group and not np.array_equal(a.samples, before.samples)
    assert all(np.array_equal(r.samples, samples()) for r in given.recordings)


def test_copies_are_of_many_kinds() -> None:
    made = disturb.copies(dataset(), 3, 1)
    assert len(made) == 12
    assert len({recording.samples.tobytes() for recording in made}) >= 6


def test_words() -> None:
    assert disturb.parse(["lost:16", "gain"]) == (Disturbance("lost", 16.0), Disturbance("gain"))
    assert [found.name for found in disturb.parse(["all"])] == list(disturb.KINDS)
    for wrong in ("lots", "lost:many", "lost:-1", "lost:nan"):
        with pytest.raises(UsageError, match=wrong):
            disturb.parse([wrong])
