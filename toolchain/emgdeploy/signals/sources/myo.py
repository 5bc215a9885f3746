"""The Myo bridge: frames of text from a microcontroller that holds the radio link to a Myo armband.

A frame is `<`, then 16 numbers that are two samples of 8 channels, then `?`. A number is a byte of two's complement
written as 0 to 255; anything but a digit may stand between two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.feed import About, Chunk, Feed
from emgdeploy.signals.sources.serial_text import open_serial
from emgdeploy.signals.sources.source import Clock
from emgdeploy.text import printable

FORM = "myo:PORT?baud=RATE"
HELP = "the Myo bridge's frames of text from a serial port, 8 channels at 200 Hz"
OPTIONS: Mapping[str, str] = {"baud": "rate in bit/s, 115200 without"}

RATE_HZ, CHANNELS, VALUES = 200.0, 8, 16
_LONGEST = 256
_BODY = re.compile(rb"[,;\s]*\d{1,3}(?:[,;\s]+\d{1,3}){15}[,;\s]*")


class MyoFeed(Feed):
    """read_bytes: blocks for the next bytes, b"" at the end. too_many: wrong frames in a row end it."""

    def __init__(
        self,
        title: str,
        read_bytes: Callable[[], bytes],
        too_many: int,
        clock: Clock,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.about = About(title, CHANNELS, RATE_HZ, names=tuple(f"EMG {n}" for n in range(1, CHANNELS + 1)))
        self._read, self._too_many, self._clock, self._close = read_bytes, too_many, clock, close
        self._rest = b""
        self._wrong = 0

    def read(self) -> Chunk | None:
        """See `Feed`. Raises InputError after too many frames in a row that are none."""
        while data := self._read():
            arrived = self._clock.now()
            rows = self.rows(data)
            if len(rows):
                return Chunk(rows, arrived)
            if self._wrong >= self._too_many:
                raise InputError(
                    f"{self.about.title}: {self._wrong:,} frames in a row are not the Myo bridge's",
                    "a frame is <, 16 numbers from 0 to 255, ?; lines of numbers come with serial:PORT",
                )
        return None

    def rows(self, data: bytes) -> Single:
        """(S, 8) of the frames that these bytes complete."""
        *ended, self._rest = (self._rest + data).split(b"?")
        if len(self._rest) > _LONGEST:
            ended.append(self._rest)
            self._rest = b""
        found = [values for text in ended if (values := self._values(text)) is not None]
        return np.array(found, np.int8).reshape(-1, CHANNELS).astype(np.float32)

    def close(self) -> None:
        """See `Feed`."""
        self._close()

    def _values(self, text: bytes) -> list[int] | None:
        before, begun, body = text.rpartition(b"<")
        whole = _BODY.fullmatch(body) if begun else None
        values = [int(number) for number in re.findall(rb"\d+", body)] if whole else [256]
        cut_off = b"<" in before  # a frame before it has begun and not ended
        if max(values) > 255:
            self.skipped += 1 + cut_off
            self._wrong += 1
            return None
        self.skipped += cut_off
        self._wrong = 0
        return [value - 256 if value > 127 else value for value in values]

    def notes(self) -> list[str]:
        """Frames that were skipped."""
        if not self.skipped:
            return []
        return [f"{self.about.title}: a frame that is not whole is skipped"]


def open_feed(address: Address, wanted: Wanted) -> MyoFeed:
    """See `kinds.Kind`."""
    read, close = open_serial(address)
    return MyoFeed(printable(address.where), read, wanted.bad_lines, wanted.clock, close)
