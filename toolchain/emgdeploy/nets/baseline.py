"""What a linear classifier reaches on the same windows: the number that stands beside every network's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets import discriminant, features
from emgdeploy.nets.discriminant import Discriminant
from emgdeploy.nets.features import Features
from emgdeploy.nets.metrics import Score, pooled, score
from emgdeploy.signals.preprocess import Preprocess

NAME = "lda"


@dataclass(frozen=True)
class Baseline:
    """A regularized LDA and the features it stands on, of one division of the recordings."""

    features: Features
    solved: Discriminant

    @classmethod
    def of(
        cls, x: NDArray[np.float32], y: NDArray[np.int64], classes: int, preprocess: Preprocess
    ) -> Baseline:
        """Solve for training windows x (N, C, H, W) of classes y (N,)."""
        found = features.learn(x, preprocess)
        solved = discriminant.fit(found.of(x, preprocess), y, classes, found.amplitudes)
        return cls(found, solved)

    def classes(self, x: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.int64]:
        """(N,) the class of each of the windows x (N, C, H, W)."""
        return self.solved.classes(self.features.of(x, preprocess))

    def score(self, x: NDArray[np.float32], y: NDArray[np.int64], preprocess: Preprocess) -> Score:
        """How often it is right on windows x (N, C, H, W) of classes y (N,)."""
        return score(y, self.classes(x, preprocess), len(self.solved.bias))

    def to_dict(self) -> dict[str, Any]:
        """For a checkpoint's notes; `from_dict` takes it back."""
        return {
            "features": self.features.to_dict(),
            "weights": self.solved.weights.tolist(),
            "bias": self.solved.bias.tolist(),
        }

    @classmethod
    def from_dict(cls, fields: object, values: int, classes: int) -> Baseline | None:
        """The one in a checkpoint's notes; None where there is none for that many features and classes."""
        if not isinstance(fields, Mapping):
            return None
        try:
            found = Features.from_dict(fields["features"])
            solved = Discriminant(*(np.asarray(fields[name], np.float64) for name in ("weights", "bias")))
        except (KeyError, TypeError, ValueError):
            return None
        fits = solved.weights.shape == (classes, len(found.mean)) and solved.bias.shape == (classes,)
        expected = values if found.kind == features.IMAGE else len(found.mean)
        return cls(found, solved) if fits and len(found.mean) == len(found.std) == expected else None


def report(scores: Sequence[Score], used: Baseline) -> dict[str, Any]:
    """The entry of `metrics.json`, of all folds together."""
    found = pooled(scores)
    return {
        NAME: {
            "accuracy": found.accuracy,
            "balanced_accuracy": found.balanced_accuracy,
            "recall": list(found.recall),
            "features": used.features.kind,
        }
    }


def row(network: Score, lda: Score | None) -> dict[str, Any]:
    """JSON-able: what both reach on the same windows, with the interval in which 95 % of such tests would lie."""
    return {
        "windows": network.windows,
        "accuracy": network.accuracy,
        "interval": list(network.interval),
        "balanced_accuracy": network.balanced_accuracy,
        "lda": None if lda is None else {"accuracy": lda.accuracy, "interval": list(lda.interval)},
    }
