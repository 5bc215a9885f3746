"""What the page is told: a few numbers ten times a second, however many samples come."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.sources.source import Piece

if TYPE_CHECKING:
    from emgdeploy.bench.recognise import Recognised

PERIOD_S = 0.1
MOST_TRACES = 8
_BUCKETS = 20  # of a trace in one message
_LATEST = 400
_EVENTS = 50


@dataclass(frozen=True)
class Scene:
    """What does not change. electrodes: the column of each place of the grid, row by row, -1 where there is none."""

    title: str
    board: str
    grid: tuple[int, int]
    electrodes: tuple[int, ...]
    sample_rate_hz: float
    unit: str
    labels: tuple[str, ...]
    stride_s: float

    def to_dict(self) -> dict[str, Any]:
        """For the page."""
        return {
            "kind": "scene",
            "title": self.title,
            "board": self.board,
            "grid": list(self.grid),
            "present": [column >= 0 for column in self.electrodes],
            "sample_rate_hz": self.sample_rate_hz,
            "unit": self.unit,
            "labels": list(self.labels),
            "stride_ms": self.stride_s * 1e3,
            "period_ms": PERIOD_S * 1e3,
            "most_traces": MOST_TRACES,
        }


class State:
    """Takes samples and decisions in one thread; the places shown as traces are chosen in another.

    changes: the latest decisions that differed from the one before, for a page that is opened late.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._lock = threading.Lock()
        present = [at for at, column in enumerate(scene.electrodes) if column >= 0]
        self._present = np.array(present, np.int64)
        self._columns = np.array([scene.electrodes[at] for at in present], np.int64)
        self._traced = tuple(present[:4])
        self._pieces: list[Single] = []
        self._last: float | None = None
        self._window: Recognised | None = None
        self._said: tuple[int | None, bool] | None = None
        self._events: list[dict[str, Any]] = []
        self._lags: deque[float] = deque(maxlen=_LATEST)
        self._device: deque[float] = deque(maxlen=_LATEST)
        self._bad = 0
        self.changes: deque[dict[str, Any]] = deque(maxlen=_EVENTS)

    def choose(self, places: Sequence[object]) -> None:
        """Which places of the grid are shown as traces; those that there are not are left out."""
        known = set(self._present.tolist())
        chosen = [place for place in places if type(place) is int and place in known]
        with self._lock:
            self._traced = tuple(dict.fromkeys(chosen))[:MOST_TRACES]

    def samples(self, piece: Piece) -> None:
        """(S, columns) have come."""
        if len(piece):
            self._pieces.append(piece.samples[:, self._columns])

    def decided(self, window: Recognised) -> None:
        """A window was answered."""
        self._window = window
        self._lags.append(window.lag_s)
        self._device.append(window.device_s)
        self._bad += not window.good
        said = (window.decision, window.unsure)
        if said != self._said:
            self._said = said
            event = {"end_s": window.end_s, "decision": window.decision, "unsure": window.unsure}
            self._events.append(event)
            self.changes.append(event)

    def message(self, now: float) -> dict[str, Any] | None:
        """What is new, if it is time for it. now: seconds of a clock."""
        if self._last is not None and now - self._last < PERIOD_S:
            return None
        self._last = now
        pieces, self._pieces = self._pieces, []
        events, self._events = self._events, []
        found: dict[str, Any] = {"kind": "news", "events": events, "windows_bad": self._bad}
        if pieces and len(samples := np.concatenate(pieces)):
            found["map"] = self._map(samples)
            found["traces"] = self._traces(samples)
        if self._window is not None:
            found |= self._now(self._window)
        return found

    def _map(self, samples: Single) -> list[float | None]:
        """RMS of each place without its mean, None where no electrode or no good sample is."""
        with np.errstate(all="ignore"):
            spread = np.sqrt(np.var(samples, axis=0, dtype=np.float64))
        found: list[float | None] = [None] * len(self.scene.electrodes)
        for place, value in zip(self._present.tolist(), spread.tolist(), strict=True):
            found[place] = round(value, 6) if np.isfinite(value) else None
        return found

    def _traces(self, samples: Single) -> dict[str, list[list[float | None]]]:
        """Lowest and highest value in each of a few stretches, by place."""
        with self._lock:
            traced = self._traced
        edges = np.linspace(0, len(samples), min(_BUCKETS, len(samples)) + 1).astype(np.int64)[:-1]
        places = self._present.tolist()
        found = {}
        for place in traced:
            column = samples[:, places.index(place)]
            low, high = np.minimum.reduceat(column, edges), np.maximum.reduceat(column, edges)
            pairs = zip(low.tolist(), high.tolist(), strict=True)
            found[str(place)] = [[_number(a), _number(b)] for a, b in pairs]
        return found

    def _now(self, window: Recognised) -> dict[str, Any]:
        lags, device = np.array(self._lags) * 1e3, np.array(self._device)
        return {
            "end_s": window.end_s,
            "decision": window.decision,
            "unsure": window.unsure,
            "gesture": window.gesture,
            "scores": [round(score, 4) for score in window.scores],
            "lag_ms": {"p50": float(np.median(lags)), "p99": float(np.percentile(lags, 99))},
            "device_ms": float(np.median(device)) * 1e3,
            "load": float(np.median(device)) / self.scene.stride_s,
        }


def _number(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
