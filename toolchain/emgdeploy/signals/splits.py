"""Dividing recordings into training and test: no trial is on both sides, except where a split says it leaks.

Overlapping windows of one trial are nearly the same picture. A split that puts one of them into training and
its neighbour into test measures memory, not recognition. `shuffled` does that, because it is what the
published HD-sEMG project reports; everything that uses it says that it leaks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.recordings import Recording

_HINT = "splits are: published, trial, session, subject, repetition, kfold, shuffled"


@dataclass(frozen=True)
class Split:
    """train, test: indices of recordings; no trial is in both, unless it leaks.

    A split that leaks names all recordings on both sides; `test_share` of their windows, drawn by `seed`, are
    the test.
    """

    name: str
    train: tuple[int, ...]
    test: tuple[int, ...]
    leaks: bool = False
    test_share: float = 0.0
    seed: int = 0


class NoTestSide(InputError):
    """All of the recordings would be trained on."""


class NoTrainingSide(InputError):
    """Every recording is on the test side: enough for a test, not for a training."""


@dataclass(frozen=True)
class Division:
    """How to divide.

    name: None takes `published` where the publisher divided them, `repetition` where repetitions have
    numbers that the published evaluations go by, else `trial`. test_share, seed: of `trial`; the seed also of
    `kfold` and `shuffled`. test_repetitions: of `repetition`. folds: of `kfold` and `shuffled`.
    """

    name: str | None = None
    test_share: float = 0.25
    seed: int = 1
    test_repetitions: tuple[int, ...] = (2, 5)
    folds: int | None = None

    def splits(self, recordings: Sequence[Recording]) -> tuple[Split, ...]:
        """One split, or one for each fold.

        published: as their publisher did. trial: a share of the trials of each session and each set of
        classes. session: the last session is the test. subject: each subject is the test once. repetition:
        repetitions with certain numbers. kfold: each of K groups of whole trials is the test once. shuffled:
        windows dealt out at random, which leaks. Raises InputError when a side would be empty, UsageError
        for another name or numbers that make no sense.
        """
        chosen = self.name or _suitable(recordings, self.folds)
        if chosen == "shuffled":
            return self._shuffled(len(recordings))
        if chosen not in _TESTS:
            raise UsageError(f"there is no split {chosen!r}", _HINT)
        return tuple(_split(chosen, recordings, test) for test in _TESTS[chosen](recordings, self))

    def _shuffled(self, recordings: int) -> tuple[Split, ...]:
        if not recordings:
            raise InputError("there is nothing to divide", _HINT)
        everything = tuple(range(recordings))
        # The published project cuts K + 1 pieces and tests on K of them: half and half for one fold.
        folds = self.folds or 1
        return tuple(
            Split("shuffled", everything, everything, True, 1 / (folds + 1), self.seed + fold)
            for fold in range(folds)
        )


def _suitable(recordings: Sequence[Recording], folds: int | None) -> str:
    if folds is not None and folds > 1:
        return "kfold"
    if any(recording.part == "test" for recording in recordings):
        return "published"
    return "repetition" if any(recording.repetition for recording in recordings) else "trial"


def _split(name: str, recordings: Sequence[Recording], test: set[int]) -> Split:
    train = tuple(index for index in range(len(recordings)) if index not in test)
    if not train or not test:
        side, kind = ("test", NoTestSide) if train else ("training", NoTrainingSide)
        raise kind(
            f"the split {name!r} of {len(recordings)} recordings leaves nothing for {side}",
            _remedy(name, recordings),
        )
    divided = {recordings[index].group for index in train} & {recordings[index].group for index in test}
    if divided:
        subject, session, trial, _ = min(divided)
        raise InputError(
            f"trial {trial} of subject {subject} session {session} is several recordings, and the split {name!r} "
            "puts some of them into training and some into the test",
            "take --split trial, or give each recording a trial of its own where that is what it is",
        )
    return Split(name, train, tuple(sorted(test)))


def _remedy(name: str, recordings: Sequence[Recording]) -> str:
    there = sorted({recording.repetition for recording in recordings} - {0})
    if name == "repetition" and len(there) > 1:
        shown = ", ".join(map(str, there[:12]))
        return f"repetitions there are {shown}: name those to test on with --test-repetitions"
    if name in ("repetition", "trial"):
        return "record each gesture at least twice, so that one trial of each is left for the test"
    return _HINT


def _published(recordings: Sequence[Recording], _wanted: Division) -> list[set[int]]:
    return [{index for index, recording in enumerate(recordings) if recording.part == "test"}]


def _session(recordings: Sequence[Recording], _wanted: Division) -> list[set[int]]:
    last = max((recording.session for recording in recordings), default=0)
    return [{index for index, recording in enumerate(recordings) if recording.session == last}]


def _subject(recordings: Sequence[Recording], _wanted: Division) -> list[set[int]]:
    subjects = sorted({recording.subject for recording in recordings})
    return [{i for i, recording in enumerate(recordings) if recording.subject == one} for one in subjects]


def _repetition(recordings: Sequence[Recording], wanted: Division) -> list[set[int]]:
    return [{i for i, recording in enumerate(recordings) if recording.repetition in wanted.test_repetitions}]


def _trial(recordings: Sequence[Recording], wanted: Division) -> list[set[int]]:
    if not 0 < wanted.test_share < 1:
        raise UsageError(f"the test share is {wanted.test_share:g}", "give a share between 0 and 1")
    test: set[int] = set()
    for members in _shuffled_kinds(recordings, wanted.seed):
        count = min(len(members) - 1, max(1, round(wanted.test_share * len(members))))
        for trial in members[:count]:
            test.update(trial)
    return [test]


def _kfold(recordings: Sequence[Recording], wanted: Division) -> list[set[int]]:
    folds = wanted.folds if wanted.folds is not None else 5
    if folds < 2:
        raise UsageError(f"there cannot be {folds} folds", "give --folds of 2 or more")
    tests: list[set[int]] = [set() for _ in range(folds)]
    # Dealt out one by one through all kinds, so that folds differ by one trial at most.
    trials = [trial for members in _shuffled_kinds(recordings, wanted.seed) for trial in members]
    if len(trials) < folds:
        raise UsageError(f"{len(trials)} trials cannot make {folds} folds", "give fewer --folds")
    for position, trial in enumerate(trials):
        tests[position % folds].update(trial)
    return tests


def first_trials(split: Split, recordings: Sequence[Recording], count: int | None) -> Split:
    """The same split with only the first `count` training trials of each kind: of each gesture, where a trial
    is of one. None leaves all. Raises UsageError for a split that leaks, which is not of trials."""
    if count is None:
        return split
    if split.leaks:
        raise UsageError(
            f"the split {split.name!r} deals out windows, not trials", "leave --trials out, or choose another"
        )
    chosen = [recordings[index] for index in split.train]
    kept = {index for members in _kinds(chosen) for trial in members[:count] for index in trial}
    return replace(split, train=tuple(split.train[index] for index in sorted(kept)))


def _shuffled_kinds(recordings: Sequence[Recording], seed: int) -> list[list[list[int]]]:
    rng = np.random.default_rng([seed, 5])
    return [[members[int(i)] for i in rng.permutation(len(members))] for members in _kinds(recordings)]


def _kinds(recordings: Sequence[Recording]) -> list[list[list[int]]]:
    """Trials as lists of recordings, by kind: those of the same session with the same classes are
    interchangeable, so that each kind can give its share."""
    trials: dict[tuple[int, int, int, str], list[int]] = defaultdict(list)
    for index, recording in enumerate(recordings):
        trials[recording.group].append(index)
    kinds: dict[tuple[object, ...], list[list[int]]] = defaultdict(list)
    for group, indices in trials.items():
        classes = frozenset(int(c) for index in indices for c in np.unique(recordings[index].labels))
        kinds[(*group[:2], classes)].append(indices)
    return list(kinds.values())


_TESTS: dict[str, Callable[[Sequence[Recording], Division], list[set[int]]]] = {
    "published": _published,
    "trial": _trial,
    "session": _session,
    "subject": _subject,
    "repetition": _repetition,
    "kfold": _kfold,
}
NAMES = (*_TESTS, "shuffled")
