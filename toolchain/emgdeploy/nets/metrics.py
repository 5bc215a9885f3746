"""How good predictions are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Score:
    """accuracy: share of right windows; balanced_accuracy: mean of the classes' recalls; recall: per class,
    None for a class without windows; confusion: rows are true classes, columns predicted ones."""

    accuracy: float
    balanced_accuracy: float
    recall: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]


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
