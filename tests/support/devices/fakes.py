"""Time that passes only when told to."""

from __future__ import annotations

from emgdeploy.signals.sources.source import Clock


class FakeTime:
    """now: seconds; `clock` shows them, and sleeping in it passes them at once."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.clock = Clock(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
