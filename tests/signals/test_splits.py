"""Splits: no trial on both sides, whatever the recordings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.splits import NAMES, Division, Split, first_trials

HONEST = tuple(name for name in NAMES if name != "shuffled")


def recording(subject: int, session: int, trial: int, label: int = 0, part: str = "") -> Recording:
    return Recording(np.zeros((4, 1), np.float32), np.full(4, label), subject, session, trial, part)


def repeated(repetitions: int) -> list[Recording]:
    """Two sessions of three classes, a trial for each repetition of a class."""
    return [
        recording(1, session, 10 * repetition + label, label)
        for session in (1, 2)
        for repetition in range(repetitions)
        for label in range(3)
    ]


def split(recordings: list[Recording], name: str | None = None, share: float = 0.25, seed: int = 1) -> Split:
    """The only fold, or the first."""
    return Division(name, share, seed).splits(recordings)[0]


recordings = st.lists(
    st.builds(
        recording,
        st.integers(1, 2),
        st.integers(1, 3),
        st.integers(1, 6),
        st.integers(0, 3),
        st.sampled_from(["", "train", "test"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(recordings, st.sampled_from([None, *HONEST]), st.floats(0.05, 0.95), st.integers(0, 9))
def test_no_trial_is_on_both_sides(
    given_recordings: list[Recording], name: str | None, share: float, seed: int
) -> None:
    try:
        folds = Division(name, share, seed, folds=3 if name == "kfold" else None).splits(given_recordings)
    except (InputError, UsageError) as error:
        assert "leaves nothing" in error.message or "cannot make 3 folds" in error.message
        return
    for divided in folds:
        assert not divided.leaks
        assert sorted(divided.train + divided.test) == list(range(len(given_recordings)))
        trained = {given_recordings[i].group for i in divided.train}
        assert not trained & {given_recordings[i].group for i in divided.test}
    if name in ("kfold", "subject"):
        tested = sorted(index for divided in folds for index in divided.test)
        assert tested == list(range(len(given_recordings)))


def test_each_subject_is_the_test_once() -> None:
    folds = Division("subject").splits([recording(s, 1, t) for s in (1, 3, 4) for t in (1, 2)])
    assert [fold.test for fold in folds] == [(0, 1), (2, 3), (4, 5)]


def test_folds_differ_by_one_trial_at_most() -> None:
    given_recordings = [recording(1, 1, 3 * r + c, c) for r in range(7) for c in range(3)]
    folds = Division("kfold", folds=5).splits(given_recordings)
    assert sorted(len(fold.test) for fold in folds) == [4, 4, 4, 4, 5]
    assert Division(folds=5).splits(given_recordings) == folds
    assert Division(folds=1).splits(given_recordings)[0].name == "trial"


def test_repetitions_that_have_numbers_are_the_default() -> None:
    given_recordings = [replace(recording(1, 1, r), repetition=r) for r in range(1, 7)]
    divided = split(given_recordings)
    assert (divided.name, divided.test) == ("repetition", (1, 4))
    assert Division("repetition", test_repetitions=(6,)).splits(given_recordings)[0].test == (5,)


def test_a_shuffled_split_says_that_it_leaks() -> None:
    (half,) = Division("shuffled").splits([recording(1, 1, t) for t in (1, 2)])
    assert half.leaks and half.train == half.test == (0, 1) and half.test_share == 0.5
    folds = Division("shuffled", folds=4).splits([recording(1, 1, 1)])
    assert len(folds) == 4 and {fold.test_share for fold in folds} == {0.2}


def test_every_class_and_session_gives_its_share_of_trials() -> None:
    given_recordings = repeated(8)
    divided = split(given_recordings, "trial", 0.25)
    tested = [given_recordings[i] for i in divided.test]
    for session in (1, 2):
        for label in range(3):
            assert sum(r.session == session and r.labels[0] == label for r in tested) == 2


def test_publishers_parts_are_kept_by_default() -> None:
    divided = split([recording(1, 1, 1, 0, "train"), recording(1, 1, 1, 0, "test")])
    assert (divided.name, divided.train, divided.test) == ("published", (0,), (1,))


def test_last_session_is_held_out() -> None:
    divided = split([recording(1, s, t) for s in (1, 2) for t in (1, 2)], "session")
    assert divided.test == (2, 3)


def test_unknown_split_and_impossible_share() -> None:
    with pytest.raises(UsageError, match="dealt"):
        split([recording(1, 1, 1)], "dealt")
    with pytest.raises(UsageError, match="1 folds"):
        Division("kfold", folds=1).splits([recording(1, 1, 1)])
    with pytest.raises(UsageError):
        split([recording(1, 1, 1), recording(1, 1, 2)], "trial", 1.5)


def test_the_first_trials_are_those_of_each_class_and_session() -> None:
    """A trial of one gesture is no calibration: the first of each of them is."""
    given_recordings = repeated(5)
    divided = split(given_recordings, "trial")
    first = first_trials(divided, given_recordings, 2)
    assert first_trials(divided, given_recordings, None) == divided
    assert first.test == divided.test and set(first.train) < set(divided.train)
    for session in (1, 2):
        for label in range(3):
            of_kind = [
                i
                for i in divided.train
                if given_recordings[i].session == session and given_recordings[i].labels[0] == label
            ]
            assert [i for i in first.train if i in of_kind] == of_kind[:2]


def test_the_first_trials_of_windows_dealt_out_make_no_sense() -> None:
    given_recordings = [recording(1, 1, trial) for trial in range(3)]
    with pytest.raises(UsageError, match="deals out windows"):
        first_trials(split(given_recordings, "shuffled"), given_recordings, 1)
