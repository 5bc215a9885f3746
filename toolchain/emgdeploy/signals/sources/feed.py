"""What a live source is to its reader: a feed, read in a thread of its own, and what it says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import LinkError
from emgdeploy.signals.float32_math import Single


@dataclass(frozen=True)
class About:
    """What a source says before its first sample; None where it does not say.

    title: how messages call it. columns: of one sample. scale: millivolts of one unit of its numbers. names: of
    the columns, () without. silent_s: so long without a sample is worth a note.
    """

    title: str
    columns: int | None = None
    sample_rate_hz: float | None = None
    scale: float | None = None
    names: tuple[str, ...] = ()
    silent_s: float = 3.0


@dataclass(frozen=True)
class Chunk:
    """What came at once. values: (S, columns). arrived: in seconds of the clock. due: (S,) when the source took
    each, on the same clock, None where it does not say."""

    values: Single
    arrived: float
    due: NDArray[np.float64] | None = None


class Feed(ABC):
    """A connection to a source. skipped: what came and was no sample; lost: samples that the source counted and
    that did not come, so far."""

    about: About
    skipped: int = 0
    lost: int = 0

    @abstractmethod
    def read(self) -> Chunk | None:
        """The next samples, after waiting for some; None at the end. Raises EmgDeployError, and OSError where the
        other end has gone."""

    def notes(self) -> list[str]:
        """What is worth knowing of it so far, in sentences."""
        return []

    @abstractmethod
    def close(self) -> None:
        """Stop the source and give back what is held. `read` then ends."""


class NoSource(LinkError):
    """A source that does not answer."""


@dataclass
class Counter:
    """Finds samples that were lost by a count that each one carries. modulus: where it begins anew; most: longer gaps
    are taken for a source that began again. lost: so far."""

    modulus: int
    most: int
    lost: int = 0
    _next: int | None = None

    def filled(self, values: Single, counts: NDArray[np.int64]) -> Single:
        """(S, columns) with their counts (S,) -> the same with a row of NaN for each lost sample."""
        if not len(values):
            return values
        first = int(counts[0]) if self._next is None else self._next
        before = np.concatenate([[first], counts[:-1] + 1])
        gaps = (counts - before) % self.modulus
        gaps[gaps > self.most] = 0
        self._next = (int(counts[-1]) + 1) % self.modulus
        if not gaps.any():
            return values
        self.lost += int(gaps.sum())
        found = np.full((len(values) + int(gaps.sum()), values.shape[1]), np.nan, np.float32)
        found[np.arange(len(values)) + np.cumsum(gaps)] = values
        return found
