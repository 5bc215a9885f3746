"""A recording as a source, in its own time or as fast as it is asked for."""

from __future__ import annotations

import numpy as np

from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.sources.source import Clock, Piece


class Played:
    """A recording (S, channels): each sample when it would have been taken, counted from the first `take`; or,
    where it is not `paced`, as fast as they are asked for."""

    skipped = lost = 0

    def __init__(
        self, samples: Single, sample_rate_hz: float, paced: bool, clock: Clock | None = None
    ) -> None:
        self._samples, self._rate, self._paced = samples, sample_rate_hz, paced
        self._clock = clock or Clock()
        self._begun: float | None = None
        self._done = 0

    def take(self, at_least: int) -> Piece | None:
        """See `Source`."""
        now = self._clock.now()
        if self._begun is None:
            self._begun = now
        if self._done == len(self._samples):
            return None
        end = min(self._done + at_least, len(self._samples))
        if self._paced:
            due = self._begun + end / self._rate
            if at_least and due > now:
                self._clock.sleep(due - now)
            elapsed = int((self._clock.now() - self._begun) * self._rate)
            end = max(end, min(elapsed, len(self._samples)))
        index = np.arange(self._done, end)
        self._done = end
        due_each = self._begun + (index + 1) / self._rate if self._paced else np.full(len(index), now)
        return Piece(self._samples[index], due_each)

    def notes(self) -> list[str]:
        """See `Source`."""
        return []

    def close(self) -> None:
        """See `Source`."""
