"""How many electrodes are enough: those that an LDA would choose first, one by one, on the folds of the training trials.

Greedy forward selection (I. Guyon and A. Elisseeff, "An introduction to variable and feature selection", Journal of Machine
Learning Research 3, 2003): at each step the electrode is added with which the folds' held-out windows are told apart best. An
LDA solves in a millisecond, so that thousands of sets are tried in seconds; what a network would choose was not tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets import features
from emgdeploy.nets.discriminant import Moments
from emgdeploy.nets.evaluation import classes_of
from emgdeploy.signals import datasets
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.splits import Split
from emgdeploy.sweep.folds import Material

# Sets beyond this are tried as a whole only.
_MOST = 32
_SHOWN = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
# What a smaller set may lose on the folds and still be enough.
_LOSS = 0.005


@dataclass(frozen=True)
class Chosen:
    """places: of the grid, row by row, in the order in which they were chosen; accuracies of an LDA of these electrodes, on
    the windows held out of the folds, and on trials that no decision has seen."""

    places: tuple[int, ...]
    folds: float
    unseen: float


@dataclass(frozen=True)
class Curve:
    """grid: rows and columns; electrodes: the recording's column of each place. found: from few electrodes to all."""

    grid: tuple[int, int]
    electrodes: tuple[int, ...]
    found: tuple[Chosen, ...]

    @property
    def enough(self) -> Chosen:
        """The smallest set that loses at most half a point on the folds against the best."""
        best = max(chosen.folds for chosen in self.found)
        return next(chosen for chosen in self.found if chosen.folds >= best - _LOSS)

    def to_dict(self) -> dict[str, Any]:
        """The entry of `sweep.json`."""
        rows = [
            {"count": len(c.places), "places": list(c.places), "folds": c.folds, "unseen": c.unseen}
            for c in self.found
        ]
        return {
            "grid": list(self.grid),
            "electrodes": list(self.electrodes),
            "curve": rows,
            "enough": len(self.enough.places),
        }


@dataclass(frozen=True)
class _Side:
    """Moments of one split's training windows, and the windows to be told apart. owner: (D,) each feature's place."""

    moments: Moments
    x: NDArray[np.float64]
    y: NDArray[np.int64]
    amplitudes: NDArray[np.bool_]
    owner: NDArray[np.int64]

    def reached(self, places: Sequence[int]) -> tuple[float, float]:
        """Accuracy, and the mean log probability of the right class, with these electrodes alone."""
        own = np.isin(self.owner, places)
        moments = Moments(
            self.moments.shares,
            self.moments.means[:, own],
            self.moments.covariance[np.ix_(own, own)],
            self.moments.spread,
        )
        logits = moments.solve(self.amplitudes[own]).logits(self.x[:, own])
        right = logits[np.arange(len(self.y)), self.y]
        top = logits.max(axis=1)
        total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        return float((logits.argmax(axis=1) == self.y).mean()), float((right - total).mean())


def curve(material: Material) -> Curve:
    """Choose on the inner folds, report on the outer split."""
    preprocess = datasets.default_preprocess(material.dataset)
    count = len(preprocess.electrodes)
    inner = [_side(material, preprocess, split, count) for split in material.inner]
    outer = _side(material, preprocess, material.outer, count)
    order = _order(inner, count)
    sizes = [size for size in _SHOWN if size < count and size <= len(order)]
    sets = [*(tuple(order[:size]) for size in sizes), tuple(range(count))]
    found = tuple(Chosen(places, _mean(inner, places)[0], outer.reached(places)[0]) for places in sets)
    return Curve(preprocess.grid, preprocess.electrodes, found)


def _side(material: Material, preprocess: Preprocess, split: Split, count: int) -> _Side:
    task = material.windows(preprocess, split)
    learnt = features.learn(task.train.x, task.preprocess)
    x = learnt.of(task.train.x, task.preprocess)
    moments = Moments.of(x, classes_of(task.train), len(task.dataset.labels))
    owner = np.arange(x.shape[1]) % count
    tested = learnt.of(task.test.x, task.preprocess)
    return _Side(moments, tested, classes_of(task.test), learnt.amplitudes, owner)


def _order(sides: Sequence[_Side], count: int) -> list[int]:
    """The electrodes in the order in which they help most. Of two that are as often right the surer one."""
    chosen: list[int] = []
    while len(chosen) < min(count, _MOST):
        left = [place for place in range(count) if place not in chosen]
        chosen.append(max(left, key=lambda place: _mean(sides, [*chosen, place])))
    return chosen


def _mean(sides: Sequence[_Side], places: Sequence[int]) -> tuple[float, float]:
    accuracy, sure = np.mean([side.reached(places) for side in sides], axis=0)
    return float(accuracy), float(sure)
