"""How long an answer may take, learnt from those that came."""

from __future__ import annotations

from collections.abc import Callable

from emgdeploy.link.options import LinkOptions

BITS_PER_BYTE = 10
"""A byte on a serial line: start bit, eight bits, stop bit."""

_MOST_DOUBLINGS = 6


class Timeouts:
    """Round trips so far and what they let one expect (RFC 6298's estimator). Times in seconds.

    baud: the line's rate at this moment, 0 where bytes cost no time.
    """

    def __init__(self, options: LinkOptions, baud: Callable[[], int]) -> None:
        self._options = options
        self._baud = baud
        self._smoothed: float | None = None
        self._variation = 0.0
        self._missed = 0

    def wire_time(self, count: int) -> float:
        """What `count` bytes take at the line's rate, 0 where it has none."""
        baud = self._baud()
        return count * BITS_PER_BYTE / baud if baud else 0.0

    def reply(self) -> float:
        """How long to wait for an answer beyond the wire's own time."""
        options = self._options
        usual = options.reply_timeout
        if self._smoothed is not None:
            usual = max(options.least_timeout, self._smoothed + 4 * self._variation)
        longest = max(options.reply_timeout, options.patience / 4)
        return float(min(longest, usual * 2**self._missed))

    def missed(self) -> None:
        """Nothing came in time: wait twice as long until something is measured, lest repeats bury a slow device."""
        self._missed = min(self._missed + 1, _MOST_DOUBLINGS)

    def measured(self, seconds: float) -> None:
        """Learn from a round trip that needed no repeat."""
        self._missed = 0
        if self._smoothed is None:
            self._smoothed, self._variation = seconds, seconds / 2
            return
        self._variation += (abs(seconds - self._smoothed) - self._variation) / 4
        self._smoothed += (seconds - self._smoothed) / 8
