"""Test windows as live recognition meets them: all of a recording's, one after the other.

A vote of live recognition counts the last few windows, whatever they hold: it cannot know when a gesture changes.
So it is scored here with the windows in between, which hold two classes or none and are no test by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets import train
from emgdeploy.nets.metrics import Score, score, voted
from emgdeploy.signals.images import LabelledImages
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.windowfile import Windows

if TYPE_CHECKING:
    from torch import nn


# Normalised windows of other days and people stay well within; a wrong unit is a factor of a thousand.
_FARTHEST, _WIDEST = 3.0, 5.0


def unlike_training(x: NDArray[np.float32], preprocess: Preprocess) -> str | None:
    """A sentence where the windows (N, *shape) are so unlike those that the normalisation was fitted on that unit or
    gain must be another; None where they are not, or nothing was fitted."""
    if not preprocess.mean:
        return None
    level, spread = float(x.mean(dtype=np.float64)), float(x.std(dtype=np.float64))
    if abs(level) <= _FARTHEST and 1 / _WIDEST <= spread <= _WIDEST:
        return None
    return (
        f"these windows are unlike those trained on: mean {level:.1f} and deviation {spread:.2g}, where training "
        "had 0 and 1. Is their unit, scale or gain another?"
    )


@dataclass(frozen=True)
class Live:
    """x: (N, C, H, W) every window of the test recordings, in order; y: (N,) its class, -1 where it holds more
    than one or none; recording: (N,) which recording it is of; sessions: subject and session of each recording."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    recording: NDArray[np.int64]
    labels: tuple[str, ...]
    sessions: tuple[tuple[int, int], ...]

    @classmethod
    def of(
        cls,
        images: LabelledImages,
        fitted: Preprocess,
        labels: tuple[str, ...],
        recordings: Sequence[Recording],
    ) -> Live:
        """Windows of these recordings, normalised."""
        sessions = tuple(recording.subject_session for recording in recordings)
        return cls(fitted.normalised(images.features), images.y, images.recording, labels, sessions)

    def windows(self) -> Windows:
        """Those of one class: the test windows."""
        return Windows(self.x[self.y >= 0], self.y[self.y >= 0], self.labels)

    def unlike_training(self, preprocess: Preprocess) -> str | None:
        """As the function of that name, of all windows."""
        return unlike_training(self.x, preprocess)

    def predicted(self, network: nn.Module) -> NDArray[np.int64]:
        """(N,) the float network's class of every window."""
        return np.asarray(train.predict(network, self.x).argmax(axis=1), np.int64)

    def by_session(self, predicted: NDArray[np.int64]) -> dict[tuple[int, int], Score]:
        """How often the predictions (N,) are right on the test windows of each subject's session."""
        of = np.asarray(self.sessions, np.int64).reshape(-1, 2)[self.recording]
        found = {}
        for session in sorted(set(self.sessions)):
            counts = (self.y >= 0) & (of == session).all(axis=1)
            if counts.any():
                found[session] = score(self.y[counts], predicted[counts], len(self.labels))
        return found

    def scores(self, network: nn.Module, vote: int) -> tuple[Score, Score]:
        """How often the float network is right on the test windows: by each alone, and by majority of the last
        `vote` windows."""
        predicted = self.predicted(network)
        classes, counts = len(self.labels), self.y >= 0
        majority = voted(predicted, self.recording, vote, classes)
        return (
            score(self.y[counts], predicted[counts], classes),
            score(self.y[counts], majority[counts], classes),
        )
