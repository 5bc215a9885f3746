"""Where samples come from, and when each was due: a recording in its own time, or lines as they come."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.arrival import ArrivalClock
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.lines import LONGEST_LINE, LineParser

_READ_BYTES = 1 << 16


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

    def take(self, at_least: int) -> Piece | None:
        """What is there by now, after waiting for so many samples or for the end. None at the end.

        Raises InputError where nothing but that is waited for, and no sample can come any more.
        """

    def notes(self) -> list[str]:
        """What is worth knowing of it so far, in sentences."""


class Played:
    """A recording (S, channels): each sample when it would have been taken, counted from the first `take`; or,
    where it is not `paced`, as fast as they are asked for."""

    def __init__(
        self, samples: Single, sample_rate_hz: float, paced: bool, clock: Clock | None = None
    ) -> None:
        self._samples, self._rate, self._paced = samples, sample_rate_hz, paced
        self._clock = clock or Clock()
        self._begun: float | None = None
        self._done = 0

    @property
    def skipped(self) -> int:
        """See `Source`."""
        return 0

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


class Lines:
    """Lines of a pipe or port, read as they arrive by a thread of their own, so that an arrival is one.

    scale: what a number is multiplied by. read: blocks for the next bytes, b"" at the end.
    """

    def __init__(
        self,
        read: Callable[[], bytes],
        parser: LineParser,
        sample_rate_hz: float,
        scale: float,
        clock: Clock | None = None,
    ) -> None:
        self.parser, self._scale = parser, np.float32(scale)
        self._read, self._clock = read, clock or Clock()
        self._declared_hz = sample_rate_hz
        self._arrivals = ArrivalClock(sample_rate_hz)
        self._queue: queue.SimpleQueue[tuple[float, list[bytes]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended = False

    @property
    def skipped(self) -> int:
        """See `Source`."""
        return self.parser.skipped

    def take(self, at_least: int) -> Piece | None:
        """See `Source`. Raises InputError after too many lines that are no samples."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._reading, daemon=True)
            self._thread.start()
        samples, due, count = [np.zeros((0, self.parser.columns or 0), np.float32)], [np.zeros(0)], 0
        while not self._ended:
            try:
                arrived = self._queue.get(block=count < at_least)
            except queue.Empty:
                break
            if arrived is None:
                self._ended = True
            elif len(found := self.parser.rows(arrived[1])):
                samples.append(found * self._scale)
                due.append(self._arrivals.arrived(len(found), arrived[0]))
                count += len(found)
            self._ended = self._ended or self.parser.problem is not None
        if not count and self._ended:
            if self.parser.problem is not None and at_least:
                raise self.parser.problem
            return None
        return Piece(np.concatenate(samples[1:] or samples), np.concatenate(due))

    def notes(self) -> list[str]:
        """Lines that were skipped, and a rate that is not the declared one."""
        found = []
        if self.parser.skipped:
            found.append(
                f"{self.parser.source}: a line that is no sample is skipped ({self.parser.first_skipped})"
            )
        measured = self._arrivals.measured_hz()
        if measured is not None and abs(measured / self._declared_hz - 1) > 0.05:
            found.append(
                f"samples arrive at about {measured:,.0f} Hz; the model takes {self._declared_hz:g} Hz, "
                "and is wrong about any other"
            )
        return found

    def _reading(self) -> None:
        rest = b""
        try:
            while data := self._read():
                *lines, rest = (rest + data).split(b"\n")
                if len(rest) > LONGEST_LINE:  # no line at all: the part that is too long counts as one
                    lines.append(rest)
                    rest = b""
                if lines:
                    self._queue.put((self._clock.now(), lines))
            if rest:
                self._queue.put((self._clock.now(), [rest]))
        except (OSError, ValueError):  # the other end has gone, or it was closed under us
            pass
        finally:
            self._queue.put(None)


def reader(stream: BinaryIO) -> Callable[[], bytes]:
    """Reads past the stream's buffer, whose lock would outlive a reading thread."""
    number = stream.fileno()
    return lambda: os.read(number, _READ_BYTES)
