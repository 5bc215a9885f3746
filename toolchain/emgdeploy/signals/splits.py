"""Dividing recordings, never windows, into training and test: no trial is on both sides.

Overlapping windows of one trial are nearly the same picture. A split that puts one of them into training and
its neighbour into test measures memory, not recognition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals.recordings import Recording

NAMES = ("published", "trial", "session")
_HINT = f"splits are: {', '.join(NAMES)}"


@dataclass(frozen=True)
class Split:
    """train, test: indices of recordings; no trial is in both."""

    name: str
    train: tuple[int, ...]
    test: tuple[int, ...]


def split(
    recordings: Sequence[Recording], name: str | None = None, test_share: float = 0.25, seed: int = 1
) -> Split:
    """Divide recordings.

    published: as their publisher did. trial: `test_share` of the trials of each session and each set of
    classes, drawn by `seed`. session: the last session is the test. None takes `published` where the
    publisher divided them, else `trial`. Raises InputError when a side would be empty, UsageError for
    another name.
    """
    has_parts = any(recording.part == "test" for recording in recordings)
    chosen = name or ("published" if has_parts else "trial")
    if chosen == "published":
        test = {index for index, recording in enumerate(recordings) if recording.part == "test"}
    elif chosen == "trial":
        test = _by_trial(recordings, test_share, seed)
    elif chosen == "session":
        last = max((recording.session for recording in recordings), default=0)
        test = {index for index, recording in enumerate(recordings) if recording.session == last}
    else:
        raise UsageError(f"there is no split {chosen!r}", _HINT)
    train = tuple(index for index in range(len(recordings)) if index not in test)
    if not train or not test:
        side = "test" if train else "training"
        raise InputError(
            f"the split {chosen!r} of {len(recordings)} recordings leaves nothing for {side}", _HINT
        )
    return Split(chosen, train, tuple(sorted(test)))


def _by_trial(recordings: Sequence[Recording], test_share: float, seed: int) -> set[int]:
    if not 0 < test_share < 1:
        raise UsageError(f"the test share is {test_share:g}", "give a share between 0 and 1")
    trials: dict[tuple[int, int, int, str], list[int]] = defaultdict(list)
    for index, recording in enumerate(recordings):
        trials[recording.group].append(index)
    # Trials of the same session with the same classes are interchangeable; each kind gives its share.
    kinds: dict[tuple[object, ...], list[list[int]]] = defaultdict(list)
    for group, indices in trials.items():
        classes = frozenset(int(c) for index in indices for c in np.unique(recordings[index].labels))
        kinds[(*group[:2], classes)].append(indices)
    rng = np.random.default_rng([seed, 5])
    test: set[int] = set()
    for members in kinds.values():
        count = min(len(members) - 1, max(1, round(test_share * len(members))))
        for position in rng.permutation(len(members))[:count]:
            test.update(members[int(position)])
    return test
