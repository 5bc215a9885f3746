"""One direction of a serial line in time: pace, delay, and the pieces in which bytes come out."""

from __future__ import annotations

import random
from collections import deque

BITS_PER_BYTE = 10


class Line:
    """Bytes go in now and come out when their time has come, in order.

    baud: the pace in bit/s, 0 for none; delay_s: most seconds that what goes in at once is held back.
    busy_s: seconds that the wire was carrying bytes.
    """

    def __init__(self, baud: int, delay_s: float, pieces: int, seed: int) -> None:
        self.set_baud(baud)
        self._delay_s = delay_s
        self._pieces = pieces
        self._random = random.Random(seed)
        self._queue: deque[tuple[float, bytes]] = deque()  # when its last byte is out, the bytes
        self._free_at = 0.0
        self._released = 0.0
        self.busy_s = 0.0

    def set_baud(self, baud: int) -> None:
        """Another pace, 0 for none, for what goes in from now on."""
        self._byte_s = BITS_PER_BYTE / baud if baud else 0.0

    def put(self, data: bytes, now: float) -> None:
        """Bytes enter the line."""
        if not data:
            return
        begin = max(now, self._free_at)
        self._free_at = begin + len(data) * self._byte_s
        self.busy_s += len(data) * self._byte_s
        held = self._random.uniform(0.0, self._delay_s) if self._delay_s else 0.0
        # A real wire gives its bytes out one by one; a few at a time is as good and cheaper.
        step = 16 if self._byte_s else len(data)
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            due = begin + (start + len(piece)) * self._byte_s + held
            self._released = max(self._released, due)
            self._queue.append((self._released, piece))

    def next_due(self) -> float | None:
        """When the next bytes come out, None when the line is empty."""
        return self._queue[0][0] if self._queue else None

    def take(self, now: float) -> bytes:
        """The bytes that have come out by now; with pieces, at most so many."""
        out = bytearray()
        limit = self._random.randint(1, self._pieces) if self._pieces else 0
        while self._queue and self._queue[0][0] <= now:
            due, piece = self._queue.popleft()
            if limit and len(out) + len(piece) > limit:
                room = limit - len(out)
                out += piece[:room]
                self._queue.appendleft((due, piece[room:]))
                break
            out += piece
        return bytes(out)

    def clear(self) -> None:
        """What was on the wire is lost."""
        self._queue.clear()
