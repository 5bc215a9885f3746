"""Ctrl-C, `kill` and a closed terminal all arrive as KeyboardInterrupt, so every `finally` runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
_received: list[int] = []


def received() -> int:
    """The number of the first signal that asked this command to stop, 0 when none did."""
    return _received[0] if _received else 0


@contextmanager
def as_exceptions() -> Iterator[None]:
    """Inside the block the signals raise KeyboardInterrupt; one that was ignored stays ignored (nohup)."""
    _received.clear()
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler not in (signal.SIG_IGN, None):
            signal.signal(number, _raise)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


def _raise(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    raise KeyboardInterrupt
