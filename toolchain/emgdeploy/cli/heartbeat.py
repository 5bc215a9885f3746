"""Away from a terminal there is no progress bar, but nobody should wonder whether a command still lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

INTERVAL_S = 20.0


class Heartbeat:
    """Says every INTERVAL_S how far the work is, also while nothing advances; stays silent before that."""

    def __init__(self, title: str, total: float | None, say: Callable[[str], None]) -> None:
        self._title, self._total, self._say = title, total, say
        self._done = 0.0
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def advance(self, step: float = 1, note: str = "") -> None:
        """`step` more units are done."""
        self._done += step

    def stop(self) -> None:
        """The work is over."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(INTERVAL_S):
            of_all = "" if self._total is None else f" of {self._total:,.10g}"
            self._say(
                f"{self._title}: {self._done:,.10g}{of_all} after {time.monotonic() - self._begun:.0f} s"
            )
