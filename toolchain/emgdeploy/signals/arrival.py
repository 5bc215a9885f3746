"""When samples were due at a source that says nothing of time, by when they arrived.

Samples arrive in pieces, some late. The ones that arrived least late, of the last few seconds, tell when the
others were due; how far apart they arrived tells the source's rate, where it is not what was declared.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

_SPAN_S, _BLOCK_S = 10.0, 0.25
# A rate is believed after so long; one that is close to what was declared needs longer to be told from it.
_ROUGH_S, _ROUGH_SHARE, _FINE_S = 2.0, 0.03, 8.0


class ArrivalClock:
    """Of one source. declared_hz: the rate that its samples should have."""

    def __init__(self, declared_hz: float) -> None:
        self._period = 1 / declared_hz
        self._count = 0
        # (index, arrival) of the least late sample of each block of arrival times.
        self._points: deque[tuple[int, float]] = deque()
        self._block = -1

    def arrived(self, count: int, now: float) -> NDArray[np.float64]:
        """`count` samples are there at `now`: (count,) when each was due, on the same clock."""
        index = np.arange(self._count, self._count + count)
        self._count += count
        self._note(self._count - 1, now)
        period = self.period_s()
        anchor = min(arrival - at * period for at, arrival in self._points)
        return np.asarray(anchor + index * period, np.float64)

    def period_s(self) -> float:
        """Seconds between two samples: as declared, unless arrivals say otherwise."""
        measured, span = self._measured()
        if measured is None:
            return self._period
        far = abs(measured / self._period - 1) > _ROUGH_SHARE
        return measured if span >= _FINE_S or far else self._period

    def measured_hz(self) -> float | None:
        """The rate of arrival, once it can be told to a percent or so."""
        measured, span = self._measured()
        return 1 / measured if measured and span >= _FINE_S else None

    def _note(self, index: int, now: float) -> None:
        point, block = (index, now), int(now / _BLOCK_S)
        if block != self._block:
            self._block = block
            self._points.append(point)
        elif self._lateness(point) < self._lateness(self._points[-1]):
            self._points[-1] = point
        while now - self._points[0][1] > _SPAN_S:
            self._points.popleft()

    def _lateness(self, point: tuple[int, float]) -> float:
        return point[1] - point[0] * self._period

    def _measured(self) -> tuple[float | None, float]:
        """The median of how far apart points half the span away from each other are, and the span."""
        half = len(self._points) // 2
        span = self._points[-1][1] - self._points[0][1] if self._points else 0.0
        if half < 2 or span < _ROUGH_S:
            return None, span
        index, arrival = (np.array(column, np.float64) for column in zip(*self._points, strict=True))
        return float(np.median((arrival[half:] - arrival[:-half]) / (index[half:] - index[:-half]))), span
