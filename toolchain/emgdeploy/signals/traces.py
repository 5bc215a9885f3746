"""What is left of samples by which they are known again, however recordings are cut and whatever files are called.

A mark is a hash of a few successive samples. Two recordings that share a mark share these samples: real signals
repeat by chance in no 128 numbers that change. Only marks of a certain remainder are kept of long recordings, which
is decided by the samples themselves and so alike in both.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals.recordings import Recording

Marks = NDArray[np.uint64]

_NUMBERS, _LEAST_SAMPLES, _MOST_COLUMNS = 128, 16, 16
# So many marks are kept with a model at most: of recordings 64 KiB, of windows 4.
_KEPT, _KEPT_WINDOWS = 1 << 13, 1 << 9
_ODD = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_ODD), -1, 1 << 64))


def of_samples(samples: NDArray[Any], electrodes: Sequence[int] = ()) -> Marks:
    """The marks of a recording (S, channels), each once, in order; electrodes: the channels to look at, () for all: a
    time or a counter beside them may begin anew in each cut.

    Samples that stand still give none, and neither does what repeats within the recording: a constant or periodic
    signal is the same in recordings that have nothing else in common.
    """
    known = np.unique([channel for channel in electrodes if 0 <= channel < samples.shape[1]]).astype(np.int64)
    known = known if len(known) else np.arange(samples.shape[1])
    columns = known[np.unique(np.linspace(0, len(known) - 1, _MOST_COLUMNS).round().astype(np.int64))]
    length = max(_LEAST_SAMPLES, -(-_NUMBERS // len(columns)))
    if len(samples) < length:
        return np.zeros(0, np.uint64)
    rows = _rows(np.ascontiguousarray(samples[:, columns], np.float32))
    powers, inverses = (_powers(base, len(rows)) for base in (_ODD, _INVERSE))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(rows * powers, dtype=np.uint64)])
    marks = _mixed((sums[length:] - sums[:-length]) * inverses[: len(rows) - length + 1])
    changes = np.concatenate([[0], np.cumsum(rows[1:] != rows[:-1])])
    moving = changes[length - 1 :] - changes[: len(rows) - length + 1] >= length // 2
    found, counts = np.unique(marks[moving], return_counts=True)
    once: Marks = found[counts == 1]
    return once


def of_windows(x: NDArray[Any]) -> Marks:
    """(N,) a mark of each window (N, *shape); 0 for one whose values are all the same."""
    flat = np.ascontiguousarray(x, np.float32).reshape(len(x), -1)
    marks = _rows(flat) | np.uint64(1)
    marked: Marks = np.where((flat == flat[:, :1]).all(axis=1), np.uint64(0), marks)
    return marked


@dataclass(frozen=True)
class Trace:
    """marks: those of what a model has seen that are multiples of `every`, in order."""

    marks: Marks
    every: int = 1

    @classmethod
    def of(cls, recordings: Iterable[Recording], electrodes: Sequence[int] = ()) -> Trace:
        """The trace of what these channels of recordings show."""
        found = [of_samples(recording.samples, electrodes) for recording in recordings]
        return cls(np.unique(np.concatenate([np.zeros(0, np.uint64), *found])))._thinned(1, _KEPT)

    @classmethod
    def of_windows(cls, x: NDArray[Any]) -> Trace:
        """The trace of some of the windows (N, *shape)."""
        return cls.of_all(x)._thinned(1, _KEPT_WINDOWS)

    @classmethod
    def of_all(cls, x: NDArray[Any]) -> Trace:
        """The trace of every window (N, *shape) that does not have the same value everywhere."""
        marks = np.unique(of_windows(x))
        return cls(marks[marks != 0])

    def joined(self, other: Trace) -> Trace:
        """What either has seen."""
        every = max(self.every, other.every)
        most = max(len(self.marks), len(other.marks), _KEPT_WINDOWS)
        both = np.union1d(self.marks, other.marks)
        return Trace(both, every)._thinned(every, most)

    def seen(self, recordings: Sequence[Recording], electrodes: Sequence[int] = ()) -> list[int]:
        """Which of the recordings share samples with what was seen."""
        marks = (of_samples(recording.samples, electrodes) for recording in recordings)
        return [number for number, own in enumerate(marks) if self.knows(own).any()]

    def knows(self, marks: Marks) -> NDArray[np.bool_]:
        """(N,) which of the marks are kept here."""
        return np.isin(marks, self.marks)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        return {"every": self.every, "marks": base64.b64encode(self.marks.astype("<u8").tobytes()).decode()}

    @classmethod
    def from_dict(cls, fields: object, source: str) -> Trace:
        """The trace in a mapping of another's file. Raises InputError that names `source`."""
        try:
            every, text = fields["every"], fields["marks"]  # type: ignore[index]
            content = base64.b64decode(text, validate=True)
            if type(every) is not int or not 0 < every < 1 << 62 or len(content) > 16 * _KEPT:
                raise ValueError
            return cls(np.unique(np.frombuffer(content, "<u8").astype(np.uint64)), every)
        except (TypeError, KeyError, ValueError, binascii.Error):
            raise InputError(
                f"{source}: its notes on what it was trained on make no sense", "train again"
            ) from None

    def _thinned(self, every: int, most: int) -> Trace:
        marks = self.marks[self.marks % np.uint64(every) == 0]
        while len(marks) > most:
            every *= 2
            marks = marks[marks % np.uint64(every) == 0]
        return Trace(marks, every)


def _rows(values: NDArray[np.float32]) -> Marks:
    """(N,) a hash of each row (N, K)."""
    bits = (values + np.float32(0)).view(np.uint32)  # -0 is 0
    marks = np.zeros(len(bits), np.uint64)
    for column in range(bits.shape[1]):
        marks = (marks ^ bits[:, column]) * _ODD
        marks ^= marks >> np.uint64(32)
    return _mixed(marks)


def _mixed(marks: Marks) -> Marks:
    marks = (marks ^ (marks >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    marks = (marks ^ (marks >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return marks ^ (marks >> np.uint64(31))


def _powers(base: np.uint64, count: int) -> Marks:
    """(count,) base to the 0, 1, 2, ..., modulo 2 to the 64."""
    return np.cumprod(np.concatenate([[np.uint64(1)], np.full(count - 1, base)]), dtype=np.uint64)
