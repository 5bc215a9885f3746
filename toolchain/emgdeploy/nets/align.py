"""Where an electrode array lies, found from windows: the placement under which they are likeliest.

Each roll and mirror image of each array is tried against the Gaussians of the training windows' levels (see `levels`).
Labels are not needed; with them each window is held against its own class. What does not win clearly is left alone: a
wrong placement costs more than none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets.levels import Levels
from emgdeploy.signals.placement import Placement, Turn, arrays

# Neighbouring windows say the same: so many in a row count as one when chance is judged.
BLOCK = 20
MOST_WINDOWS = 400
# A placement wins clearly that is likelier by so much a window, by such a part of what is missing to windows of the
# training itself, in so large a share of resamples.
LEAST_GAIN, LEAST_PART, LEAST_SHARE = 0.5, 0.1, 0.99
_RESAMPLES = 200


@dataclass(frozen=True)
class Aligned:
    """Of one array. gain: how much likelier a window is than where the array lay in training, in nats, mean;
    confidence: share of resamples of the windows in which the placement is the likeliest of all; runner_up: the
    next likeliest, and behind: by how much a window."""

    turn: Turn
    gain: float
    confidence: float
    runner_up: Turn
    behind: float
    likeliest: Turn


@dataclass(frozen=True)
class Alignment:
    """The placement of all arrays; windows: by how many it was found; labelled: whether with their classes."""

    arrays: tuple[Aligned, ...]
    windows: int
    labelled: bool

    @property
    def placement(self) -> Placement:
        """To be used from now on."""
        return Placement(tuple(one.turn for one in self.arrays))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "placement": str(self.placement),
            "windows": self.windows,
            "labelled": self.labelled,
            "arrays": [
                {
                    "placement": str(one.turn),
                    "likeliest": str(one.likeliest),
                    "gain": one.gain,
                    "confidence": one.confidence,
                    "runner_up": str(one.runner_up),
                    "behind": one.behind,
                }
                for one in self.arrays
            ],
        }


def estimate(known: Levels, levels: NDArray[np.float64], y: NDArray[np.int64] | None = None) -> Alignment:
    """The placement of windows with these levels (N, E), in the order in which they were recorded; y: (N,) their
    classes, where they are known. N > 0."""
    step = -(-len(levels) // MOST_WINDOWS)
    levels, y = levels[::step], None if y is None else y[::step]
    found = [
        _array(known, levels, y, places.ravel(), known.array, max(1, BLOCK // step))
        for places in arrays(known.grid, known.array)
    ]
    return Alignment(tuple(found), len(levels), y is not None)


def candidates(shape: tuple[int, int]) -> list[Turn]:
    """Every way in which an array of that shape can lie: as in training first."""
    ways = product((False,) if shape[0] == 1 else (False, True), (False,) if shape[1] == 1 else (False, True))
    rows, columns = range(shape[0]), range(shape[1])
    return [Turn(row, column, *mirror) for mirror in ways for row in rows for column in columns]


def _changes(turn: Turn) -> int:
    """How much is done to an array. A mirror image takes another arm, or the array inside out."""
    return bool(turn.rows) + bool(turn.columns) + 2 * (turn.mirror_rows + turn.mirror_columns)


def _array(
    known: Levels,
    levels: NDArray[np.float64],
    y: NDArray[np.int64] | None,
    places: NDArray[np.int64],
    shape: tuple[int, int],
    block: int,
) -> Aligned:
    turns = candidates(shape)
    whitener, means = known.whitened(places)
    if y is not None:
        numbers = np.cumsum(known.shares > 0) - 1
        kept = known.shares[y] > 0
        levels, y = levels[kept], numbers[y[kept]]
    own = levels[:, places]
    likelihood = np.stack(
        [_likelihood(own[:, turn.places(shape).ravel()] @ whitener, means, y) for turn in turns]
    )
    resampled = _resampled(likelihood, block)
    total = likelihood.mean(axis=1)
    best = int(total.argmax())
    needed = np.maximum(LEAST_GAIN, LEAST_PART * (known.usual(places) - total))
    clearly = (total[best] - total >= needed) & ((resampled[best] > resampled).mean(axis=1) >= LEAST_SHARE)
    unbeaten = np.flatnonzero(~clearly).tolist()
    chosen = min(unbeaten, key=lambda i: (_changes(turns[i]), -total[i]))
    others = np.argsort(-total)
    runner = int(others[1] if others[0] == chosen else others[0]) if len(turns) > 1 else chosen
    return Aligned(
        turns[chosen],
        float(total[chosen] - total[0]),
        float((resampled.argmax(axis=0) == chosen).mean()),
        turns[runner],
        float(total[chosen] - total[runner]),
        turns[best],
    )


def _likelihood(
    x: NDArray[np.float64], means: NDArray[np.float64], y: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    """(N,) log likelihood of windows (N, e) in whitened coordinates, up to what all placements have in common: of the
    mixture of all classes, each as likely, or of the window's own."""
    squares = (x**2).sum(axis=1)[:, None] - 2 * x @ means.T + (means**2).sum(axis=1)
    if y is not None:
        return np.asarray(-0.5 * squares[np.arange(len(x)), y], np.float64)
    least = squares.min(axis=1)
    near = np.exp(-0.5 * (squares - least[:, None])).mean(axis=1)
    return np.asarray(np.log(near) - 0.5 * least, np.float64)


def _resampled(likelihood: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """(placements, resamples) mean likelihood, blocks of neighbouring windows drawn anew with replacement."""
    edges = np.arange(0, likelihood.shape[1], block)
    sums = np.add.reduceat(likelihood, edges, axis=1)
    sizes = np.diff([*edges, likelihood.shape[1]])
    draws = np.random.default_rng([0, 11]).integers(0, len(edges), (_RESAMPLES, len(edges)))
    counts = np.zeros((len(edges), _RESAMPLES))
    np.add.at(counts, (draws.T, np.arange(_RESAMPLES)), 1.0)
    return np.asarray(sums @ counts / (sizes @ counts), np.float64)
