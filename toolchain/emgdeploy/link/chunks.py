"""How long a chunk should be on this link."""

from __future__ import annotations

import math

from emgdeploy.link import framing, wire

_PRIOR_LOST = 0.25
_PRIOR_BYTES = 4000.0
_MEMORY = 32768.0


class ChunkSizer:
    """Follows the loss rate. With p the chance that a byte is hit and h the bytes that every chunk
    costs beside its data, n bytes of data arrive at a rate of n / (n + h) * (1 - p)^(n + h), which is
    greatest near n = sqrt(h / p).

    limit: most data bytes in one chunk, by the device's buffers.
    """

    def __init__(self, limit: int, text: bool) -> None:
        self._limit = max(wire.UNIT, limit // wire.UNIT * wire.UNIT)
        self._overhead = framing.encoded_size(wire.CHUNK_HEADER, text)
        self._growth = 4 / 3 if text else 1.0
        self._lost = 0.0
        self._bytes = 0.0

    def sent(self, count: int, lost: bool) -> None:
        """A chunk of `count` bytes on the wire was lost, or arrived and was acknowledged."""
        self._lost += lost
        self._bytes += count
        if self._bytes > _MEMORY:
            self._lost /= 2
            self._bytes /= 2

    @property
    def size(self) -> int:
        """Data bytes for the next chunk, a multiple of the unit."""
        rate = (self._lost + _PRIOR_LOST) / (self._bytes + _PRIOR_BYTES) * self._growth
        best = math.sqrt(self._overhead / rate)
        units = max(1, round(best / wire.UNIT))
        return min(self._limit, units * wire.UNIT)


def chunk_limit(max_payload: int, rx_buffer: int, text: bool) -> int:
    """Most data bytes in a chunk so that two fit the device's buffer: one under way while one is read.

    At least one unit, at most what one frame of the device's may carry.
    """
    payload = min(max_payload, framing.payload_limit(rx_buffer // 2, text))
    return max(wire.UNIT, (payload - wire.CHUNK_HEADER) // wire.UNIT * wire.UNIT)
