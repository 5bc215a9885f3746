"""Chunks that have left and are not acknowledged yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from emgdeploy.link.chunks import ChunkSizer
from emgdeploy.link.stats import LinkStats
from emgdeploy.link.transfer import Flight, Transfer


class Flights:
    """Oldest first. What is under way together fits the device's buffer.

    room: bytes of that buffer. sizer: learns from what is lost and what arrives.
    """

    def __init__(self, room: int, sizer: ChunkSizer, stats: LinkStats) -> None:
        self._room = room
        self._sizer = sizer
        self._stats = stats
        self._all: deque[Flight] = deque()

    def __iter__(self) -> Iterator[Flight]:
        """A copy, so that the loop's body may change what is under way."""
        return iter(tuple(self._all))

    @property
    def bytes(self) -> int:
        """Bytes on the wire or unread in the device."""
        return sum(flight.size for flight in self._all)

    def fits(self, size: int) -> bool:
        """Whether so many bytes more may leave; one chunk always may."""
        return not self._all or size <= self._room - self.bytes

    def of(self, transfer: Transfer) -> list[Flight]:
        """What is under way of a window."""
        return [flight for flight in self._all if flight.transfer is transfer]

    def launch(self, flight: Flight) -> None:
        """It leaves."""
        flight.transfer.launched |= flight.units
        flight.transfer.flying |= flight.units
        self._all.append(flight)

    def forget(self, flight: Flight) -> None:
        """It does not matter any more."""
        self._all.remove(flight)
        flight.transfer.flying &= ~flight.units

    def drop(self, transfer: Transfer) -> None:
        """Nothing of a window matters any more."""
        for flight in self.of(transfer):
            self.forget(flight)

    def land(self, flight: Flight) -> None:
        """It was acknowledged."""
        self.forget(flight)
        if flight.units:
            self._sizer.sent(flight.size, lost=False)

    def lose(self, flight: Flight) -> None:
        """It never arrived, or its answer did not."""
        self.forget(flight)
        flight.transfer.repeats += 1
        if flight.units:
            self._stats.retried += 1
            self._sizer.sent(flight.size, lost=True)
