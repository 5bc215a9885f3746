"""What every source of samples gives: pieces of samples, each with the time when it was due."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.float32_math import Single


@dataclass(frozen=True)
class Piece:
    """samples: (S, channels) as the preprocessing takes them. due: (S,) when the source took each, in seconds of
    `Clock.now`."""

    samples: Single
    due: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.due)


@dataclass(frozen=True)
class Clock:
    """Seconds that only go forward, and waiting in them."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Source(Protocol):
    """Samples of one stream, in order."""

    @property
    def skipped(self) -> int:
        """What came and was no sample, so far."""

    @property
    def lost(self) -> int:
        """Samples that the source counted and that did not come; each stands in the stream as a bad sample."""

    def take(self, at_least: int) -> Piece | None:
        """What is there by now, after waiting for so many samples or for the end. None at the end.

        A source that has fallen silent gives an empty piece after a while. Raises InputError where nothing but the
        end is waited for, and no sample can come any more.
        """

    def notes(self) -> list[str]:
        """What is worth knowing of it so far, in sentences."""

    def close(self) -> None:
        """Give back what it holds; a second time does nothing."""
