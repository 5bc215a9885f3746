"""Recordings and data sets as every reader gives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNUSED = -1
MILLIVOLTS, COUNTS = "mV", "counts"


@dataclass(frozen=True)
class Recording:
    """One continuous trial.

    samples: (S, channels) float32 in the data set's unit; labels: (S,) int64 class of each sample, -1 where a sample
    belongs to no class (transitions); part: `train` or `test` where the publisher separated them, else "";
    repetition: number from 1 of the repetition of a movement, 0 where evaluations do not go by it; name: of its
    file as its description has it, "" where it has none; start: its first sample in that file.
    """

    samples: NDArray[np.float32]
    labels: NDArray[np.int64]
    subject: int
    session: int
    trial: int
    part: str = ""
    repetition: int = 0
    name: str = ""
    start: int = 0

    @property
    def title(self) -> str:
        """What people call it."""
        part = f" ({self.part})" if self.part else ""
        return self.name or f"trial {self.trial} of subject {self.subject} session {self.session}{part}"

    @property
    def subject_session(self) -> tuple[int, int]:
        """What was recorded without taking the electrodes off."""
        return (self.subject, self.session)

    @property
    def group(self) -> tuple[int, int, int, str]:
        """What makes two windows belong to the same trial."""
        return (self.subject, self.session, self.trial, self.part)


@dataclass(frozen=True)
class Dataset:
    """Recordings of one kind: same electrodes, same rate, same classes.

    electrodes: the raw channel of each grid position, row by row. unit: of the samples, `mV`, or `counts` where
    nobody knows how many millivolts a count is. scale: what the recorded numbers were multiplied by to be in it.
    array: rows and columns of one electrode array where the grid is made of several, None where it is one.
    columns: what the raw channels are called, () where they have no names. resampled_from_hz: the rate they were
    recorded at, where that is another. notes, doubts: what people should know of how it was read, and what may be
    wrong with it.
    """

    name: str
    recordings: tuple[Recording, ...]
    labels: tuple[str, ...]
    sample_rate_hz: float
    grid: tuple[int, int]
    electrodes: tuple[int, ...]
    scale: float = 1.0
    unit: str = MILLIVOLTS
    columns: tuple[str, ...] = ()
    resampled_from_hz: float | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    array: tuple[int, int] | None = None
