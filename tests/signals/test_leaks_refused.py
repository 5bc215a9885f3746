"""Samples on both sides of a split are found by themselves, whatever files, trials and cuts are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.errors import InputError
from emgdeploy.signals import traces
from emgdeploy.signals.leaks import refuse_seen, refuse_shared, refuse_windows, shared_windows
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.splits import Division, Split
from emgdeploy.signals.traces import Trace

RNG = np.random.default_rng(7)
SIDES = Split("trial", (0,), (1,))


def recording(samples: np.ndarray, trial: int, name: str = "", start: int = 0, label: int = 0) -> Recording:
    labels = np.full(len(samples), label, np.int64)
    return Recording(samples.astype(np.float32), labels, 1, 1, trial, name=name, start=start)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(0, 300), st.integers(0, 300), st.booleans(), st.integers(0, 1000))
def test_an_overlap_is_found_wherever_recordings_are_cut(
    columns: int, first: int, second: int, counts: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    signal = rng.normal(0, 40, (800, columns))
    signal = signal.round() if counts else signal
    one, other = signal[first : first + 400], signal[second : second + 400]
    shared = np.intersect1d(traces.of_samples(one), traces.of_samples(other))
    # 128 numbers in a row are known again; each such stretch of the overlap is one mark.
    length = max(16, -(-128 // min(columns, 16)))
    assert len(shared) == max(0, 400 - abs(first - second) - length + 1)


def test_what_stands_still_or_repeats_is_no_mark() -> None:
    time = np.arange(1000)
    assert not len(traces.of_samples(np.zeros((500, 8))))
    assert not len(traces.of_samples(np.repeat(RNG.normal(size=(5, 8)), 100, axis=0)))
    periodic = np.sin(2 * np.pi * (time % 20) / 20)[:, None] * np.ones(4)
    assert not len(traces.of_samples(periodic))


def test_a_clock_beside_the_electrodes_hides_nothing() -> None:
    signal = RNG.normal(size=(300, 4))
    cut = [np.column_stack([np.arange(200), part]) for part in (signal[:200], signal[100:])]
    twice = [recording(part, number, f"{number}.csv") for number, part in enumerate(cut, 1)]
    refuse_shared(twice, SIDES, 10)  # with its time no sample is like another
    with pytest.raises(InputError, match="hold the same samples"):
        refuse_shared(twice, SIDES, 10, (4, 3, -1, 2, 1, 9))


def test_the_same_samples_under_two_names_are_refused_by_both_names() -> None:
    signal = RNG.normal(size=(300, 4))
    twice = [recording(signal, 1, "monday/fist.csv"), recording(signal[40:], 2, "copy.csv")]
    with pytest.raises(InputError, match=r"monday/fist\.csv .* and copy\.csv .* hold the same samples"):
        refuse_shared(twice, SIDES, 10)
    refuse_shared(twice, replace(SIDES, leaks=True), 10)
    refuse_shared([twice[0], recording(RNG.normal(size=(300, 4)), 2)], SIDES, 10)


def test_parts_of_one_contraction_are_refused_on_two_sides() -> None:
    signal = RNG.normal(size=(600, 4))
    parts = [recording(signal[:300], 1, "fist.csv", 0), recording(signal[305:], 2, "fist.csv", 305)]
    with pytest.raises(InputError, match="parts of one trial"):
        refuse_shared(parts, SIDES, 10)
    with pytest.raises(InputError, match="parts of one trial"):
        refuse_shared(parts, Split("trial", (1,), (0,)), 10)
    refuse_shared(parts, SIDES, 4)  # farther apart than a window
    refuse_shared(parts, Split("trial", (0,), ()), 10)  # the second is not used
    refuse_shared([parts[0], replace(parts[1], name="other.csv")], SIDES, 10)
    refuse_shared([parts[0], replace(parts[1], labels=parts[1].labels + 1)], SIDES, 10)
    refuse_shared([parts[0], replace(parts[1], repetition=2)], SIDES, 10)


def test_a_trial_of_several_repetitions_is_not_divided() -> None:
    repeated = [replace(recording(RNG.normal(size=(50, 2)), 3), repetition=number) for number in range(1, 7)]
    with pytest.raises(InputError, match="trial 3 of subject 1 session 1 is several recordings"):
        Division("repetition").splits(repeated)


def test_what_leaves_no_test_says_what_would() -> None:
    def hint(repetitions: range) -> str:
        signals = [recording(RNG.normal(size=(50, 2)), number) for number in repetitions]
        with pytest.raises(InputError, match="leaves nothing for test") as error:
            repeated = [replace(r, repetition=n) for r, n in zip(signals, repetitions, strict=True)]
            Division("repetition", test_repetitions=(9,)).splits(repeated)
        return error.value.hint

    assert "repetitions there are 1, 3, 5" in hint(range(1, 6, 2))
    assert "at least twice" in hint(range(1, 2))


def test_a_trace_knows_what_was_trained_on_after_writing_and_joining() -> None:
    signals = [RNG.normal(size=(4000, 8)) for _ in range(6)]
    whole = [recording(signal, number) for number, signal in enumerate(signals)]
    first, second = Trace.of(whole[:3]), Trace.of(whole[3:5])
    joined = Trace.from_dict(first.joined(second).to_dict(), "x.pt")
    assert len(joined.marks) <= 1 << 13
    cut = [recording(signal[1000:3000], 9) for signal in signals]
    assert joined.seen(cut) == [0, 1, 2, 3, 4]
    assert first.seen(cut) == [0, 1, 2]
    with pytest.raises(InputError, match=r"x\.pt was trained on 5 of these 6 test trials: trial 9"):
        refuse_seen(joined, cut, "x.pt", "")
    refuse_seen(joined, cut[5:], "x.pt", "")


@pytest.mark.parametrize(
    "fields", [None, [], {}, {"every": 1, "marks": "?"}, {"every": 0, "marks": ""}, {"every": "1", "marks": ""},
               {"every": 1, "marks": 5}, {"every": 1, "marks": "AAAA"}, {"every": True, "marks": ""}]
)  # fmt: skip
def test_a_trace_that_is_none_is_refused(fields: object) -> None:
    with pytest.raises(InputError, match=r"x\.pt: its notes"):
        Trace.from_dict(fields, "x.pt")


def test_windows_that_were_seen_are_named_but_not_what_coincides_by_chance() -> None:
    x = RNG.normal(size=(300, 1, 2, 4)).astype(np.float32)
    with pytest.raises(InputError, match=r"2 of the 40 test windows are seen: number 38, 39"):
        refuse_windows(Trace.of_all(x[:100]), np.concatenate([x[200:238], x[:2]]), "seen", "")
    refuse_windows(Trace.of_all(x[:100]), x[100:], "seen", "")
    few = RNG.integers(0, 2, (400, 1, 1, 4))
    assert not len(shared_windows(Trace.of_all(few[:200]), few[200:]))
    assert not len(shared_windows(Trace.of_all(np.zeros((5, 1, 2, 2))), np.zeros((5, 1, 2, 2))))
