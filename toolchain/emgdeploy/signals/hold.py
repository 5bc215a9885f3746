"""How long a decision outlasts good samples. The twin of `emg_live_decide` in `runtime/live/take.c`.

A window that holds a bad sample decides nothing: the last decision is held for a while, then the hand rests, and
says that it is unsure, until a whole window is good again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HOLD_MS = 150.0

# What recordings call the class of a hand that does nothing.
_REST = ("rest", "no movement", "no gesture", "idle", "relax", "relaxed", "neutral", "none")


@dataclass(frozen=True)
class Decision:
    """gesture: a class; None for rest, where no class says so. unsure: no good window for longer than a decision
    is held."""

    gesture: int | None
    unsure: bool


class Hold:
    """Decisions of windows in order. samples: how long one is held; rest: the class to rest in, if there is one."""

    def __init__(self, samples: int, rest: int | None) -> None:
        self._samples, self._rest = samples, rest
        self._held: int | None = None
        self._since = 0

    def __call__(self, end: int, gesture: int | None) -> Decision:
        """end: the window's last sample, counted from the first; gesture: None where it decides nothing."""
        if gesture is not None:
            self._held, self._since = gesture, end
        elif self._held is None or end - self._since > self._samples:
            self._held = None
            return Decision(self._rest, True)
        return Decision(self._held, False)


def rest_class(labels: Sequence[str] | None) -> int | None:
    """The class that is named as rest usually is; None where there is none."""
    names = [" ".join(name.lower().replace("_", " ").replace("-", " ").split()) for name in labels or ()]
    return next((names.index(word) for word in _REST if word in names), None)


def samples_of(hold_ms: float, sample_rate_hz: float) -> int:
    """Milliseconds in sampling intervals, rounded down: at most so long."""
    return int(hold_ms * sample_rate_hz / 1000)
