"""The simulator does what its sources say: currents, velocities, recruitment, rates, and where gestures show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.errors import UsageError
from emgdeploy.signals import anatomy, conductor, datasets, forearm, motorunits, simulated
from emgdeploy.signals.preprocess import Preprocess

SMALL = simulated.Simulation(sessions=1, repetitions=1, seconds=0.3, grid=(4, 6), sample_rate_hz=1000.0)


def fibre(depth: float = 6.0, velocity: float = 4.0) -> conductor.Fibres:
    def one(value: float) -> NDArray[np.float64]:
        return np.array([value])

    return conductor.Fibres(one(0.0), one(0.0), one(depth), one(0.0), one(80.0), one(80.0), one(velocity))


def test_membrane_current_adds_up_to_zero_at_all_times() -> None:
    current = conductor.membrane_currents(fibre(), 80, 2000.0)[0]
    assert np.abs(current.sum(axis=1)).max() < 1e-5 * np.abs(current).sum(axis=1).max()
    assert np.abs(current[-1]).max() < 1e-9


@pytest.mark.parametrize("velocity", [3.0, 4.0, 5.0])
def test_potential_travels_at_the_conduction_velocity(velocity: float) -> None:
    rate = 20_000.0
    places = np.array([[0.0, 30.0], [0.0, 40.0]])
    seen = conductor.potentials(fibre(velocity=velocity), places, 700, rate)[0]
    first, second = np.argmin(seen, axis=0)
    assert 10.0 / ((second - first) / rate * 1000.0) == pytest.approx(velocity, rel=0.05)


def test_depth_weakens_and_blurs() -> None:
    around = np.stack([np.arange(-60.0, 61.0, 2.0), np.full(61, 20.0)], axis=1)

    def profile(depth: float) -> NDArray[np.float32]:
        return np.asarray(np.abs(conductor.potentials(fibre(depth), around, 40, 2000.0)[0]).max(axis=0))

    shallow, deep = profile(4.0), profile(15.0)
    assert deep.max() < 0.5 * shallow.max()
    assert np.sum(deep > deep.max() / 2) > 1.5 * np.sum(shallow > shallow.max() / 2)


def test_ends_of_the_fibre_are_seen_far_beyond_them() -> None:
    """A travelling wave fades quickly with distance; its end at the tendon does not (end-of-fibre effect)."""
    seen = conductor.potentials(fibre(depth=10.0), np.array([[40.0, 20.0]]), 72, 2000.0)[0, :, 0]
    reaches_tendon = round(80.0 / 4.0 * 2)
    assert np.abs(seen[reaches_tendon - 6 :]).max() > np.abs(seen[14 : reaches_tendon - 14]).max()


def test_units_join_in_order_and_speed_up_to_their_peak() -> None:
    rates = motorunits.firing_rates(np.linspace(0.0, 1.0, 200), 20)
    joined = [int(np.argmax(unit > 0)) for unit in rates]
    assert joined == sorted(joined)
    assert joined[0] < joined[-1]
    firing = rates[rates > 0]
    assert firing.min() >= motorunits.MINIMUM_RATE_HZ - 1e-9
    assert rates[0, -1] == pytest.approx(motorunits.PEAK_RATE_FIRST_HZ, rel=0.05)
    assert rates[-1, -1] == pytest.approx(motorunits.PEAK_RATE_LAST_HZ)
    assert bool((np.diff(rates, axis=1) >= -1e-9).all())


def test_impulses_follow_a_changing_rate() -> None:
    rates = np.zeros((3, 40_000))
    rates[0] = 10.0
    rates[1, 20_000:] = 30.0
    unit, sample = motorunits.impulses(rates, 1000.0, np.random.default_rng(0))
    assert np.sum(unit == 0) == pytest.approx(400, abs=12)
    assert np.sum(unit == 1) == pytest.approx(600, abs=12)
    assert np.sum(unit == 2) == 0
    assert sample[unit == 1].min() >= 20_000
    assert sample.max() < 40_000
    gaps = np.diff(sample[unit == 0])
    assert gaps.std() / gaps.mean() == pytest.approx(motorunits.INTERVAL_VARIATION, abs=0.05)


def test_each_gesture_is_strongest_over_its_muscles() -> None:
    rng = np.random.default_rng(2)
    arm = forearm.forearm((8, 24), forearm.Placement(), 2000.0, np.random.default_rng(1))
    columns = forearm.electrode_positions((8, 24), forearm.Placement())[:24, 0] / anatomy.CIRCUMFERENCE_MM
    for muscle, column in (("extensor digitorum", 0.73), ("flexor carpi radialis", 0.21)):
        level = np.array([0.3 if m.name == muscle else 0.0 for m in anatomy.MUSCLES])
        signal = forearm.contraction(arm, np.repeat(level[:, None], 2000, axis=1), rng)
        power = (signal**2).mean(axis=0).reshape(8, 24).sum(axis=0)
        assert columns[int(power.argmax())] == pytest.approx(column, abs=0.05)


def test_every_named_muscle_exists_and_every_gesture_differs() -> None:
    names = {muscle.name for muscle in anatomy.MUSCLES}
    assert all(set(gesture) <= names for gesture in anatomy.GESTURES.values())
    assert len({tuple(sorted(g.items())) for g in anatomy.GESTURES.values()}) == 7


def test_same_seed_same_samples_and_other_seed_others() -> None:
    first = simulated.dataset(SMALL)
    simulated.arm_of.cache_clear()
    again = simulated.dataset(SMALL)
    assert all(
        np.array_equal(a.samples, b.samples) for a, b in zip(first.recordings, again.recordings, strict=True)
    )
    other = simulated.dataset(simulated.Simulation(1, 1, 1, 0.3, (4, 6), 1000.0, seed=2))
    assert not np.array_equal(first.recordings[0].samples, other.recordings[0].samples)


def test_more_sessions_and_repetitions_leave_the_first_ones_as_they_were() -> None:
    few = simulated.dataset(SMALL)
    many = simulated.dataset(simulated.Simulation(1, 2, 2, 0.3, (4, 6), 1000.0))
    for recording in few.recordings:
        same = next(r for r in many.recordings if r.group == recording.group)
        assert np.array_equal(same.samples, recording.samples)


def test_recordings_are_labelled_after_the_ramp_only() -> None:
    data = simulated.dataset(SMALL)
    assert {r.labels[-1] for r in data.recordings} == set(range(7))
    assert len({r.group for r in data.recordings}) == 7
    for recording in data.recordings:
        assert recording.samples.shape == (600, 24)
        assert recording.samples.dtype == np.float32
        assert bool((recording.labels[:300] == -1).all())
        assert bool((recording.labels[300:] >= 0).all())


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(1, 40))
def test_windows_of_any_input_shape(shape: list[int], count: int) -> None:
    x, y = simulated.windows(shape, count, seed=3)
    assert x.shape == (count, *shape)
    assert x.dtype == np.float32
    assert y.shape == (count,)
    assert y.dtype == np.int64
    assert bool(np.isfinite(x).all())


def test_windows_through_a_description_have_its_shape() -> None:
    wanted = Preprocess(1000.0, (4, 2), (7, 6, 5, 4, 3, 2, 1, -1), 50.0, 25.0, normalise="frame")
    x, _ = simulated.windows((1, 4, 2), 30, seed=1, preprocess=wanted)
    assert x.shape == (30, 1, 4, 2)
    assert bool((x[:, 0, 3, 1] == 0).all())


def test_what_cannot_be_simulated_is_said() -> None:
    with pytest.raises(UsageError):
        simulated.windows((1, 2, 3, 4), 5, seed=0)
    with pytest.raises(UsageError):
        simulated.Simulation(repetitions=0)
    with pytest.raises(UsageError, match="memory"):
        simulated.Simulation(sessions=10**9)
    with pytest.raises(UsageError, match="no such"):
        datasets.load("simulated", None, sessions=[2], simulation=SMALL)
    assert len(datasets.load("simulated", None, sessions=[1], simulation=SMALL).recordings) == 7


@pytest.mark.parametrize(("window_ms", "stride_ms", "wanted"), [(100.0, 50.0, 300), (2500.0, 400.0, 50)])
def test_as_many_windows_as_asked_for(window_ms: float, stride_ms: float, wanted: int) -> None:
    """Also where the preprocessing makes few of a repetition, or one is longer than those usually are."""
    described = Preprocess(
        sample_rate_hz=500.0,
        grid=(2, 3),
        electrodes=tuple(range(6)),
        window_ms=window_ms,
        stride_ms=stride_ms,
    )
    x, y = simulated.windows((1, 2, 3), wanted, 1, described)
    assert x.shape == (wanted, 1, 2, 3) and y.shape == (wanted,)
