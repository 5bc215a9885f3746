"""What is under way: windows, and the chunks of them that have left."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from emgdeploy.link import wire


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

    @classmethod
    def of(cls, index: int, sequence: int, data: bytes, alone: bool) -> Transfer:
        """A window of which nothing has left."""
        units = -(-len(data) // wire.UNIT)
        return cls(index, sequence, data, zlib.crc32(data), (1 << units) - 1, alone=alone)

    @property
    def unsent(self) -> int:
        """Units that are neither there nor under way."""
        return self.all_units & ~(self.acked | self.flying)

    def next_piece(self, most: int) -> Piece:
        """What can go in a chunk of at most `most` bytes, from the first unit that must."""
        unsent = self.unsent
        first = (unsent & -unsent).bit_length() - 1
        count = 1
        while count * wire.UNIT < most and unsent >> (first + count) & 1:
            count += 1
        offset = first * wire.UNIT
        length = min(count * wire.UNIT, len(self.data) - offset)
        return Piece(((1 << count) - 1) << first, offset, length)

    def advanced(self) -> bool:
        """Whether a unit has arrived that never had; only that is progress, however often it is said."""
        new = self.acked & ~self.best
        self.best |= new
        return bool(new)

    def forget(self) -> None:
        """The device does not have it any more, or not right: all of it must go again."""
        self.acked = 0
        self.running_since = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a window that go in one chunk; without units it is a question how the window stands."""

    units: int = 0
    offset: int = 0
    length: int = 0


QUESTION = Piece()


@dataclass(slots=True, eq=False)
class Flight:
    """A piece that is under way. size: bytes on the wire.

    first: no part of it has been sent before. overdue: it has not been acknowledged in time, which was answered with a question.
    """

    transfer: Transfer
    piece: Piece
    size: int
    sent: float
    expires: float
    first: bool = True
    overdue: bool = False

    @property
    def units(self) -> int:
        """Those of the window that it carries, none for a question."""
        return self.piece.units

    def payload(self) -> bytes:
        """Of its CHUNK."""
        window, begin = self.transfer, self.piece.offset
        data = window.data[begin : begin + self.piece.length]
        return wire.chunk(len(window.data), window.crc, begin, data)
