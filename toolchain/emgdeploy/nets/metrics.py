"""How good predictions are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z95 = 1.959964


@dataclass(frozen=True)
class Score:
    """accuracy: share of right windows; balanced_accuracy: mean of the classes' recalls; recall: per class,
    None for a class without windows; confusion: rows are true classes, columns predicted ones."""

    accuracy: float
    balanced_accuracy: float
    recall: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def windows(self) -> int:
        """How many there were."""
        return sum(map(sum, self.confusion))

    @property
    def interval(self) -> tuple[float, float]:
        """In which the true accuracy lies, see `wilson`."""
        return wilson(self.accuracy, self.windows)


def wilson(share: float, windows: int) -> tuple[float, float]:
    """In which the true share lies with 95 % where windows are independent: E. B. Wilson, "Probable inference,
    the law of succession, and statistical inference", 1927. Neighbouring windows are not, so it is rather wider."""
    n, z = max(1, windows), _Z95
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def score(true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> Score:
    """Compare (N,) classes with (N,) predictions."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (true, predicted), 1)
    totals = confusion.sum(axis=1)
    recall = [float(confusion[c, c] / totals[c]) if totals[c] else None for c in range(classes)]
    present = [value for value in recall if value is not None]
    return Score(
        accuracy=float(np.trace(confusion) / max(1, totals.sum())),
        balanced_accuracy=float(np.mean(present)) if present else 0.0,
        recall=tuple(recall),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def pooled(scores: Sequence[Score]) -> Score:
    """The score of all windows of several folds together."""
    total = np.sum([np.array(one.confusion) for one in scores], axis=0)
    true, predicted = (part.ravel() for part in np.indices(total.shape))
    return score(np.repeat(true, total.ravel()), np.repeat(predicted, total.ravel()), len(total))


def voted(
    predicted: NDArray[np.int64], recording: NDArray[np.int64], windows: int, classes: int
) -> NDArray[np.int64]:
    """(N,) predictions -> the majority of each and the `windows` - 1 before it in the same recording.

    Of classes with as many votes the one seen last wins, as in live recognition (`bench.recognise.Vote`).
    """
    votes = np.zeros((len(predicted), classes), np.int64)
    newest = np.zeros_like(votes)
    for lag in reversed(range(min(windows, len(predicted)))):
        same = np.flatnonzero(recording[lag:] == recording[: len(recording) - lag])
        votes[same + lag, predicted[same]] += 1
        newest[same + lag, predicted[same]] = windows - lag
    majority: NDArray[np.int64] = (votes * (windows + 1) + newest).argmax(axis=1).astype(np.int64)
    return majority
