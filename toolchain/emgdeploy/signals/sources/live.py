"""A feed as a source: a thread reads it, so that an arrival is one, and tells when each sample was due."""

from __future__ import annotations

import queue
import threading

import numpy as np

from emgdeploy.errors import EmgDeployError
from emgdeploy.signals.arrival import ArrivalClock
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.sources.feed import Chunk, Feed, NoSource
from emgdeploy.signals.sources.source import Clock, Piece
from emgdeploy.text import printable

_RATE_TOLERANCE = 0.05
_WAIT_S = 0.5


class Live:
    """sample_rate_hz: that the samples should have. scale: what a number is multiplied by."""

    def __init__(self, feed: Feed, sample_rate_hz: float, scale: float, clock: Clock | None = None) -> None:
        self.feed, self._scale = feed, np.float32(scale)
        self._clock = clock or Clock()
        self._declared_hz = sample_rate_hz
        self._arrivals = ArrivalClock(sample_rate_hz)
        self._queue: queue.SimpleQueue[Chunk | EmgDeployError | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._problem: EmgDeployError | None = None
        self._ended = self._closed = False
        self._last = 0.0

    @property
    def skipped(self) -> int:
        """See `Source`."""
        return self.feed.skipped

    @property
    def lost(self) -> int:
        """See `Source`."""
        return self.feed.lost

    def take(self, at_least: int) -> Piece | None:
        """See `Source`. Raises what the feed ended with."""
        if self._thread is None:
            self._last = self._clock.now()
            self._thread = threading.Thread(target=self._reading, daemon=True)
            self._thread.start()
        chunks: list[Chunk] = []
        count = 0
        while not self._ended:
            try:
                came = self._queue.get(block=count < at_least, timeout=_WAIT_S)
            except queue.Empty:
                break
            if isinstance(came, Chunk):
                chunks.append(came)
                count += len(came.values)
            else:
                self._ended, self._problem = True, came
        if chunks:
            return self._piece(chunks)
        if self._ended and self._problem is not None and at_least:
            raise self._problem
        return (
            None
            if self._ended
            else Piece(np.zeros((0, self.feed.about.columns or 0), np.float32), np.zeros(0))
        )

    def notes(self) -> list[str]:
        """What the feed says, samples that were lost, silence, and a rate that is not the declared one."""
        found = self.feed.notes()
        title, silent = self.feed.about.title, self._clock.now() - self._last
        if self.feed.lost:
            found.append(f"{title}: samples are lost on the way; each counts as a bad sample")
        if self._thread is not None and not self._ended and silent > self.feed.about.silent_s:
            found.append(f"{title}: nothing has come for {silent:.0f} s")
        measured = self._arrivals.measured_hz()
        if measured is not None and abs(measured / self._declared_hz - 1) > _RATE_TOLERANCE:
            found.append(
                f"samples arrive at about {measured:,.0f} Hz; the model takes {self._declared_hz:g} Hz, "
                "and is wrong about any other"
            )
        return found

    def close(self) -> None:
        """See `Source`."""
        self._closed = True
        self.feed.close()

    def _piece(self, chunks: list[Chunk]) -> Piece:
        due = []
        for chunk in chunks:
            arrived = self._arrivals.arrived(len(chunk.values), chunk.arrived)
            due.append(arrived if chunk.due is None else chunk.due)
        self._last = chunks[-1].arrived
        values: Single = np.concatenate([chunk.values for chunk in chunks])
        return Piece(values * self._scale, np.concatenate(due))

    def _reading(self) -> None:
        end: EmgDeployError | None = None
        try:
            while (chunk := self.feed.read()) is not None:
                if len(chunk.values):
                    self._queue.put(chunk)
        except EmgDeployError as error:
            end = error
        except (OSError, ValueError) as error:
            if not self._closed:
                reason = printable(str(error))
                end = NoSource(
                    f"{self.feed.about.title} has gone: {reason}", "start it again, then this again"
                )
        finally:
            self._queue.put(end)
