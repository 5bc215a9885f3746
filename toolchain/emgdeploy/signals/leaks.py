"""Tests on what was trained on, found by the samples themselves and refused: their accuracy is that of remembering."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals import traces
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.splits import Split
from emgdeploy.signals.traces import Trace

_SHOWN = 4


def refuse_shared(
    recordings: Sequence[Recording], split: Split, gap: int, electrodes: Sequence[int] = ()
) -> None:
    """Raise InputError where both sides of a split hold the same samples, or parts of one trial.

    gap: samples, those of a window; parts of one file that lie nearer, of one class and no repetition of their own,
    are one trial. electrodes: the channels to compare, () for all. A split that says that it leaks passes.
    """
    if split.leaks:
        return
    _refuse_overlaps(recordings, split, electrodes)
    train, test = set(split.train), set(split.test)
    for one, other in _neighbours(recordings, gap):
        if (one in train and other in test) or (one in test and other in train):
            raise InputError(
                f"{_places(recordings, (one, other))} are parts of one trial, and the split {split.name!r} puts "
                "one of them into training and the other into the test",
                "give both the same `trial` and `part`, or leave a stretch of another gesture between them",
            )


def refuse_seen(
    seen: Trace, recordings: Sequence[Recording], who: str, hint: str, electrodes: Sequence[int] = ()
) -> None:
    """Raise InputError, which begins with `who`, where it was trained on samples of these test recordings."""
    found = seen.seen(recordings, electrodes)
    if found:
        raise InputError(
            f"{who} was trained on {len(found)} of these {len(recordings)} test trials: "
            f"{listed([recordings[number].title for number in found])}",
            hint,
        )


def refuse_windows(seen: Trace, test: NDArray[Any], what: str, hint: str) -> None:
    """Raise InputError where test windows (N, *shape) are among those seen, which `what` calls."""
    shared = shared_windows(seen, test)
    if len(shared):
        numbers = listed([str(number) for number in shared])
        raise InputError(f"{len(shared)} of the {len(test)} test windows are {what}: number {numbers}", hint)


def shared_windows(seen: Trace, test: NDArray[Any]) -> NDArray[np.int64]:
    """Which of the windows (N, *shape) were seen. None where these are no more than what repeats by chance, as windows
    of a few whole numbers do within one file."""
    marks = traces.of_windows(test)
    shared = seen.knows(marks) & (marks != 0)
    _, counts = np.unique(marks[marks != 0], return_counts=True)
    by_chance = 2 * int(counts[counts > 1].sum())
    return np.flatnonzero(shared) if shared.sum() > by_chance else np.zeros(0, np.int64)


def listed(titles: Sequence[str], shown: int = _SHOWN) -> str:
    """The first few of them, and how many there are besides."""
    more = len(titles) - shown
    return ", ".join(titles[:shown]) + (f" and {more} more" if more > 0 else "")


def _refuse_overlaps(recordings: Sequence[Recording], split: Split, electrodes: Sequence[int]) -> None:
    marks = {
        number: traces.of_samples(recordings[number].samples, electrodes)
        for number in (*split.train, *split.test)
    }
    trained = _together([marks[number] for number in split.train])
    for number in split.test:
        if not np.isin(marks[number], trained).any():
            continue
        other = next(one for one in split.train if np.isin(marks[number], marks[one]).any())
        raise InputError(
            f"{_places(recordings, (other, number))} hold the same samples, and the split {split.name!r} puts the "
            "first into training and the second into the test",
            "leave one of them out, or give what overlaps the same `trial` and `part`",
        )


def _together(marks: Sequence[traces.Marks]) -> traces.Marks:
    return np.concatenate([np.zeros(0, np.uint64), *marks])


def _neighbours(recordings: Sequence[Recording], gap: int) -> list[tuple[int, int]]:
    """Recordings of one file that lie side by side in one gesture, and are not called different repetitions."""
    order = sorted(
        (number for number, one in enumerate(recordings) if one.name and len(one.labels)),
        key=lambda number: (_file(recordings[number]), recordings[number].start),
    )
    return [
        (one, other) for one, other in pairwise(order) if _adjoin(recordings[one], recordings[other], gap)
    ]


def _adjoin(one: Recording, other: Recording, gap: int) -> bool:
    same = _file(one) == _file(other) and one.repetition == other.repetition
    near = other.start - one.start - len(one.labels) <= gap
    return same and near and one.labels[-1] == other.labels[0] >= 0


def _file(recording: Recording) -> str:
    return recording.name.partition("#")[0]


def _places(recordings: Sequence[Recording], numbers: tuple[int, int]) -> str:
    return " and ".join(f"{recordings[n].title} (recording {n + 1})" for n in numbers)
