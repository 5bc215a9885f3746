"""Frames of 16-bit integers, one for each sampling interval, in which one channel counts them."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.sources import sockets
from emgdeploy.signals.sources.feed import About, Chunk, Counter, Feed
from emgdeploy.signals.sources.source import Clock

_READ_BYTES = 1 << 18
_MODULUS = 1 << 16
_LONGEST_GAP_S = 2.0

AUX = {"aux": "1 for the auxiliary and accessory channels as well, behind the electrodes"}


@dataclass(frozen=True)
class Layout:
    """channels: of a frame, the electrodes first. order: `<` or `>`. counter: the channel that counts frames.
    millivolts: of one unit of an electrode's number."""

    channels: int
    electrodes: int
    order: str
    counter: int
    sample_rate_hz: float
    millivolts: float


class FrameFeed(Feed):
    """connection: to the amplifier, which sends frames. stop: the command that ends it."""

    def __init__(
        self, title: str, connection: socket.socket, layout: Layout, stop: bytes, aux: bool, clock: Clock
    ) -> None:
        columns = layout.channels if aux else layout.electrodes
        self.about = About(title, columns, layout.sample_rate_hz, layout.millivolts)
        self._connection, self._layout, self._stop, self._clock = connection, layout, stop, clock
        self._counter = Counter(_MODULUS, int(_LONGEST_GAP_S * layout.sample_rate_hz))
        self._rest = b""
        self._closed = False

    def read(self) -> Chunk | None:
        """See `Feed`. A frame that was lost is a row of NaN."""
        while data := self._connection.recv(_READ_BYTES):
            arrived = self._clock.now()
            values = self.rows(data)
            if len(values):
                return Chunk(values, arrived)
        return None

    def rows(self, data: bytes) -> Single:
        """(S, columns) of the frames that these bytes complete."""
        layout = self._layout
        data = self._rest + data
        frames, size = divmod(len(data), 2 * layout.channels)[0], 2 * layout.channels
        self._rest = data[frames * size :]
        whole = np.frombuffer(data[: frames * size], layout.order + "i2").reshape(frames, layout.channels)
        columns = self.about.columns
        found = self._counter.filled(
            whole[:, :columns].astype(np.float32), whole[:, layout.counter].astype(np.int64)
        )
        self.lost = self._counter.lost
        return found

    def close(self) -> None:
        """See `Feed`: says stop first, without which an amplifier does not start again."""
        if not self._closed:
            self._closed = True
            with suppress(OSError):  # it has gone
                self._connection.sendall(self._stop)
            sockets.close(self._connection)
