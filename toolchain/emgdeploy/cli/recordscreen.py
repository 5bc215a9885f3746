"""What a guided recording shows in the terminal, and hears from it: a letter and Enter."""

from __future__ import annotations

import queue
import sys
import threading
from typing import TYPE_CHECKING

from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.signals.guided.plan import Trial

_WORDS = {"r": "redo", "p": "pause", "q": "stop"}


class RecordScreen:
    """See `conduct.Screen`. taken: standard input is the source of samples, so nobody can speak there."""

    def __init__(self, console: Console, taken: bool) -> None:
        self._console = console
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        if not taken and sys.stdin is not None:
            threading.Thread(target=self._hear, daemon=True).start()
            console.note("r and Enter does the last trial again, p pauses and goes on, q ends")

    def check(self, seconds: float) -> None:
        """See `Screen`."""
        self._show(f"signal check: move the hand in every way for {seconds:g} s")

    def rest(self, following: Trial, seconds: float) -> None:
        """See `Screen`."""
        self._show(f"      rest {seconds:g} s; next: {following}")

    def hold(self, trial: Trial, number: int, of: int, seconds: float) -> None:
        """See `Screen`."""
        self._console.print(f"{number:3d}/{of}  {trial} - hold {seconds:g} s", style="bold")
        self._console.flush()

    def kept(self, trial: Trial, amplitude: float) -> None:
        """See `Screen`."""
        self._show(f"      kept, amplitude {amplitude:.3g}")

    def again(self, trial: Trial, why: str) -> None:
        """See `Screen`."""
        self._show(f"      again: {trial} ({why})")

    def paused(self) -> None:
        """See `Screen`."""
        self._show("      paused; p and Enter goes on")

    def said(self) -> str:
        """See `Screen`."""
        try:
            return _WORDS.get(self._said.get_nowait(), "")
        except queue.Empty:
            return ""

    def _show(self, text: str) -> None:
        self._console.print(text)
        self._console.flush()

    def _hear(self) -> None:
        for line in sys.stdin:
            self._said.put(line.strip().lower()[:1])
