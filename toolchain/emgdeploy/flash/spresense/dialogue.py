"""Talking to a prompt: say a line, wait for a word, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

from emgdeploy.errors import LinkError
from emgdeploy.link.port import Port
from emgdeploy.text import printable

_KEPT = 4096


class Silence(LinkError):
    """The word that was waited for did not come. heard: what came instead."""

    def __init__(self, step: str, waited: float, heard: str, hint: str) -> None:
        last = heard.strip().splitlines()[-1:] or [""]
        said = f'; it last said "{last[0][-80:]}"' if last[0] else " and said nothing"
        super().__init__(f"{step}: no answer within {waited:.0f} s{said}", hint)
        self.heard = heard


class Dialogue:
    """A conversation over `port`; what was heard and not yet waited for stays until the next wait.

    clock: seconds, by which waiting is measured.
    """

    def __init__(self, port: Port, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._clock = clock
        self._heard = bytearray()

    def say(self, line: str) -> None:
        """Send a line; what came before it no longer counts."""
        self.forget()
        self._port.write(line.encode() + b"\n")

    def forget(self) -> None:
        """Drop everything heard so far."""
        self._heard += self._port.read(0)
        self._heard.clear()

    def hear(self, data: bytes) -> None:
        """Take over what somebody else has read from the port."""
        self._heard += data

    def listen(self, words: tuple[bytes, ...], seconds: float) -> bytes | None:
        """Which of `words` comes first, or None when `seconds` are over; all up to it is dropped."""
        deadline = self._clock() + seconds
        while True:
            found = [(self._heard.find(word), word) for word in words if word in self._heard]
            if found:
                at, word = min(found)
                del self._heard[: at + len(word)]
                return word
            left = deadline - self._clock()
            if left <= 0:
                return None
            self._heard += self._port.read(min(left, 0.2))
            del self._heard[:-_KEPT]

    def wait(self, word: bytes, step: str, seconds: float, hint: str) -> None:
        """Like `listen`, but raises Silence that names `step`."""
        if self.listen((word,), seconds) is None:
            raise Silence(step, seconds, self.heard, hint)

    @property
    def heard(self) -> str:
        """What came and was not waited for, safe to show."""
        return printable(self._heard.decode("utf-8", "replace"), keep="\n")
