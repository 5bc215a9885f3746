"""Trials within one long recording: what may stand on one side of a split only."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.recordings import UNUSED, Recording

# Numbers of the pieces of one recording begin at this multiple of its own.
_EACH = 10_000


def by_repetition(recording: Recording, repetitions: NDArray[np.int64]) -> list[Recording]:
    """A trial for each stretch of one repetition; repetitions: (S,) from 1. What has none, 0, is the rest before the
    stretch that follows it."""
    return _pieces(recording, _runs(repetitions, 0), repetitions)


def by_label(recording: Recording) -> list[Recording]:
    """A trial for each stretch of one class, its repetition counted; what has no class belongs to the stretch that
    follows it."""
    runs = _runs(recording.labels, UNUSED)
    seen: Counter[int] = Counter()
    repetitions = np.zeros(len(recording.labels), np.int64)
    for begin, end in runs:
        label = int(recording.labels[end - 1]) if recording.labels[end - 1] >= 0 else UNUSED
        seen[label] += 1
        repetitions[begin:end] = seen[label]
    return _pieces(recording, runs, repetitions)


def _runs(keys: NDArray[np.int64], none: int) -> list[tuple[int, int]]:
    """Stretches of one key, each with the stretch of `none` before it, the last also with the one after it."""
    edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
    runs: list[tuple[int, int]] = []
    begin = 0
    for start, end in pairwise(edges):
        if keys[start] != none:
            runs.append((begin, end))
            begin = end
    if not runs:
        return [(0, len(keys))]
    return [*runs[:-1], (runs[-1][0], len(keys))]


def _pieces(
    recording: Recording, runs: list[tuple[int, int]], repetitions: NDArray[np.int64]
) -> list[Recording]:
    return [
        replace(
            recording,
            samples=recording.samples[begin:end],
            labels=recording.labels[begin:end],
            trial=recording.trial * _EACH + number,
            repetition=int(repetitions[begin:end].max()),
            name=f"{recording.name}#{number}",
            start=recording.start + begin,
        )
        for number, (begin, end) in enumerate(runs, 1)
    ]
