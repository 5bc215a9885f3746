"""What is under way: windows, and the chunks of them that have left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One window's outcome.

    index: the caller's number of the window. input_crc: CRC-32 of what the device inferred; own_input:
    it is that of this window.
    round_trip: seconds from the first byte sent to the answer. alone: no other window was under way
    in between. repeats: chunks and questions of this window that were sent again.
    """

    index: int
    output: bytes
    ticks: int
    input_crc: int
    own_input: bool
    round_trip: float
    alone: bool
    repeats: int


@dataclass(slots=True, eq=False)
class Transfer:
    """A window on its way. Sets of its units of wire.UNIT bytes are kept as bits.

    best: units that have been acknowledged at any time; launched: that have been sent.
    """

    index: int
    sequence: int
    data: bytes
    crc: int
    all_units: int  # a bit for each unit of the window
    acked: int = 0
    best: int = 0
    launched: int = 0
    flying: int = 0
    begun: float | None = None
    running_since: float | None = None
    blocked_by: int | None = None
    polled: float = 0.0
    alone: bool = True
    repeats: int = 0

    @property
    def unsent(self) -> int:
        """Units that are neither there nor under way."""
        return self.all_units & ~(self.acked | self.flying)

    def advanced(self) -> bool:
        """Whether a unit has arrived that never had; only that is progress, however often it is said."""
        new = self.acked & ~self.best
        self.best |= new
        return bool(new)

    def forget(self) -> None:
        """The device does not have it any more, or not right: all of it must go again."""
        self.acked = 0
        self.running_since = None


@dataclass(slots=True, eq=False)
class Flight:
    """A chunk that is under way; without units it is a question how its window stands.

    first: no part of it has been sent before. overdue: it has not been acknowledged in time, which was answered with a question.
    """

    transfer: Transfer
    units: int
    size: int
    sent: float
    expires: float
    first: bool = True
    overdue: bool = False
