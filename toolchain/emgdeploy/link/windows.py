"""The windows under way in one session: what follows from each answer, and what is due next.

Nothing here reads a clock or a port. Each event brings its time, so that a session is the same
wherever it is played.
"""

from __future__ import annotations

from dataclasses import dataclass

from emgdeploy.link import framing, wire
from emgdeploy.link.chunks import ChunkSizer, chunk_limit
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.faults import NoisyLink, ProtocolBreach
from emgdeploy.link.flights import Flights
from emgdeploy.link.framing import Frame
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.stats import LinkStats
from emgdeploy.link.timeouts import Timeouts
from emgdeploy.link.transfer import QUESTION, Answer, Flight, Piece, Transfer
from emgdeploy.link.wire import PayloadError

_WINDOW_PATIENCES = 10
_ABOUT_A_WINDOW = (wire.TAKEN, wire.RESULT, wire.STALE, wire.ORDER, wire.REFUSED)


@dataclass(frozen=True, slots=True)
class Finished:
    """A window whose RESULT has come; the output may be longer than what came with it."""

    transfer: Transfer
    result: wire.Result
    at: float


class Windows:
    """All times are seconds of one clock.

    next_sequence: number of the next window. depth: most windows under way. text: the encoding in use.
    progress: when something new was last acknowledged or answered; heard: when any byte came.
    """

    def __init__(
        self,
        info: DeviceInfo,
        options: LinkOptions,
        timeouts: Timeouts,
        stats: LinkStats,
        text: bool,
        next_sequence: int,
    ) -> None:
        self._info = info
        self._options = options
        self._timeouts = timeouts
        self._stats = stats
        self._text = text
        self.next_sequence = next_sequence
        self.depth = min(info.depth, options.in_flight_windows or info.depth)
        room = min(info.rx_buffer, options.in_flight_bytes or info.rx_buffer)
        if options.overrun and options.in_flight_bytes:
            room = options.in_flight_bytes
        limit = chunk_limit(info.max_payload, min(info.rx_buffer, room), text)
        self._sizer = ChunkSizer(min(limit, options.chunk_bytes or limit), text)
        self._flights = Flights(room, self._sizer, stats)
        self._transfers: dict[int, Transfer] = {}
        self._finishing: dict[int, Transfer] = {}
        self._questions: list[Flight] = []
        self._slowest = min(info.selftest_seconds, options.inference_limit)
        self._measured = False
        self._last_answer = self.progress = self.heard = 0.0

    @property
    def under_way(self) -> list[int]:
        """Indices of the windows begun and not answered."""
        return [transfer.index for transfer in (*self._finishing.values(), *self._transfers.values())]

    @property
    def bytes_under_way(self) -> int:
        """Bytes of chunks and questions that have left and are neither acknowledged nor given up."""
        return self._flights.bytes

    def has_room(self) -> bool:
        """The device refuses numbers that are its depth or more behind the newest."""
        if not self._transfers:
            return True
        oldest = next(iter(self._transfers))
        return (self.next_sequence - oldest) & 0xFFFF < self.depth

    def admit(self, index: int, data: bytes) -> int:
        """One window more is to go; its sequence number."""
        sequence = self.next_sequence
        transfer = Transfer.of(index, sequence, data, alone=not self._transfers)
        for other in self._transfers.values():
            other.alone = False
        self._transfers[sequence] = transfer
        self.next_sequence = (sequence + 1) & 0xFFFF
        return sequence

    def to_send(self, now: float) -> list[Flight]:
        """What leaves now: questions, then chunks, oldest window first, as far as the device's buffer goes."""
        leaving, self._questions = self._questions, []
        for transfer in self._transfers.values():
            while transfer.blocked_by is None and transfer.unsent:
                piece = transfer.next_piece(self._sizer.size)
                if not self._flights.fits(self._size(piece)):
                    return leaving
                leaving.append(self._launch(transfer, piece, now))
        return leaving

    def _size(self, piece: Piece) -> int:
        return framing.encoded_size(wire.CHUNK_HEADER + piece.length, self._text)

    def _launch(self, transfer: Transfer, piece: Piece, now: float) -> Flight:
        if transfer.begun is None:
            transfer.begun = now
        size = self._size(piece)
        on_wire = self._flights.bytes + size + 2 * framing.encoded_size(32, self._text)
        patience = self._timeouts.wire_time(on_wire) + self._timeouts.reply() + self._slowest
        first = not transfer.launched & piece.units
        flight = Flight(transfer, piece, size, now, now + patience, first)
        self._flights.launch(flight)
        return flight

    def _ask(self, transfer: Transfer, now: float) -> None:
        """How a window stands, if there is room; an answer that was lost is repeated from the device's memory."""
        transfer.polled = now
        if self._flights.fits(self._size(QUESTION)):
            transfer.repeats += 1
            self._stats.retried += 1
            self._questions.append(self._launch(transfer, QUESTION, now))

    def time_left(self, now: float) -> float:
        """Seconds until something is due, unless an answer comes first."""
        busy = self._busy_until()
        due = [max(flight.expires, busy) for flight in self._flights]
        due += [self._ask_at(transfer) for transfer in self._running() if not self._flights.of(transfer)]
        return max(0.0, min(due, default=now + 0.05) - now)

    def _running(self) -> list[Transfer]:
        return [transfer for transfer in self._transfers.values() if transfer.running_since is not None]

    def _ask_at(self, transfer: Transfer) -> float:
        begun = max(transfer.running_since or 0.0, transfer.polled, self._last_answer)
        answer = framing.encoded_size(wire.RESULT_HEADER + self._info.output_bytes, self._text)
        return begun + 2 * self._slowest + self._timeouts.reply() + self._timeouts.wire_time(answer)

    def _busy_until(self) -> float:
        """A device that computes reads nothing: what waits in its buffer is late, not lost."""
        limit = 3 * self._slowest + (self._options.run_margin if self._slowest > 0.1 else 0.1)
        return max(((transfer.running_since or 0.0) + limit for transfer in self._running()), default=0.0)

    def pass_time(self, now: float) -> None:
        """What did not come in time is asked for or sent again."""
        if now >= self._busy_until():
            overdue = [flight for flight in self._flights if now >= flight.expires]
            if overdue:
                self._timeouts.missed()
            for flight in overdue:
                self._overdue(flight, now)
        for transfer in self._running():
            if now >= self._ask_at(transfer) and not self._flights.of(transfer):
                self._timeouts.missed()
                self._ask(transfer, now)

    def _overdue(self, flight: Flight, now: float) -> None:
        """A late chunk may still wait unread, where a second one would not fit: a short question goes first."""
        if not flight.units or flight.overdue:
            self._flights.lose(flight)
            return
        flight.overdue = True
        flight.expires = now + self._timeouts.reply() + self._slowest
        if all(other.units for other in self._flights):
            self._ask(flight.transfer, now)

    def patience(self) -> float:
        """Seconds that may pass without anything new, see docs/protocol.md."""
        window = self._timeouts.wire_time(2 * self._info.input_bytes)
        return self._options.patience + 2 * self._slowest + window

    def speaks_unheard(self, now: float) -> bool:
        """Whether a device may have restarted and gone back to its first rate."""
        return now - self.progress > self._options.fallback_s + 3 * self._slowest

    def check_age(self, now: float) -> None:
        """No window is under way for ever, whatever is acknowledged of it. Raises NoisyLink."""
        oldest = min((t.begun for t in self._transfers.values() if t.begun is not None), default=now)
        if now - oldest > _WINDOW_PATIENCES * self.patience():
            raise NoisyLink(f"a window was under way for {now - oldest:.0f} s")

    def take(self, frame: Frame, now: float) -> Finished | None:
        """What an answer changes; the window that it finishes. Raises ProtocolBreach."""
        if frame.type == wire.NAK:
            self._rejected(now)
            return None
        transfer = self._transfers.get(frame.sequence)
        if transfer is None or frame.type not in _ABOUT_A_WINDOW:
            self._stats.late += transfer is None and frame.type in (wire.TAKEN, wire.RESULT)
            self._stats.stale += 1
            return None
        try:
            return self._about(transfer, frame, now)
        except PayloadError as error:
            raise ProtocolBreach(str(error)) from error

    def _about(self, transfer: Transfer, frame: Frame, now: float) -> Finished | None:
        if frame.type == wire.TAKEN:
            self._taken(transfer, wire.Taken.unpack(frame.payload), now)
        elif frame.type == wire.RESULT:
            return self._finished(transfer, wire.Result.unpack(frame.payload), now)
        elif frame.type == wire.ORDER:
            self._order(transfer, wire.unpack_u16(frame.payload))
        elif frame.type == wire.REFUSED and frame.payload[:1] == bytes([wire.Refusal.WINDOW_CRC]):
            self._flights.drop(transfer)
            transfer.forget()
        else:
            raise ProtocolBreach(
                f"it refuses window {transfer.index} ({frame.type:#x} {frame.payload.hex()})"
            )
        return None

    def _rejected(self, now: float) -> None:
        """Something was broken, there or here. Answers come in order, so the oldest chunk is the suspect."""
        oldest = next(iter(self._flights), None)
        if oldest is not None:
            self._flights.lose(oldest)
        for transfer in self._running()[:1]:
            if now - transfer.polled > self._timeouts.reply():
                self._ask(transfer, now)

    def _taken(self, transfer: Transfer, taken: wire.Taken, now: float) -> None:
        end = taken.offset + taken.length
        if end > len(transfer.data):
            raise ProtocolBreach(f"it takes bytes up to {end:,} of a window of {len(transfer.data):,}")
        if taken.length == 0:
            self._stands(transfer, taken.offset)
            return
        transfer.acked |= (1 << -(-end // wire.UNIT)) - (1 << taken.offset // wire.UNIT)
        if taken.complete:
            transfer.acked = transfer.all_units
            transfer.running_since = now
            self._unblock(transfer.sequence)
        if transfer.advanced():
            self.progress = now
        else:
            self._stats.late += 1
        for flight in self._flights.of(transfer):
            if not flight.units & ~transfer.acked:
                self._land(flight, now)

    def _land(self, flight: Flight, now: float) -> None:
        if flight.sent > self._last_answer and flight.first and flight.units:
            on_wire = self._timeouts.wire_time(self._flights.bytes)
            self._timeouts.measured(max(0.0, now - flight.sent - on_wire))
        self._flights.land(flight)

    def _stands(self, transfer: Transfer, first_missing: int) -> None:
        """A question's answer. What left before the question has been read by now, or never will be."""
        question = next((flight for flight in self._flights.of(transfer) if not flight.units), None)
        for flight in self._flights:
            if flight.transfer is transfer and (question is None or flight.sent <= question.sent):
                self._flights.forget(flight)
            elif question is not None and flight.sent < question.sent:
                self._flights.lose(flight)
        transfer.forget()
        transfer.acked = (1 << first_missing // wire.UNIT) - 1

    def _order(self, transfer: Transfer, waiting_for: int) -> None:
        """The device has another window half-way in and cannot take this one yet."""
        if waiting_for not in self._transfers:
            raise ProtocolBreach("it waits for a window that is not under way")
        self._flights.drop(transfer)
        transfer.blocked_by = waiting_for if self._transfers[waiting_for].running_since is None else None

    def _unblock(self, sequence: int) -> None:
        for transfer in self._transfers.values():
            if transfer.blocked_by == sequence:
                transfer.blocked_by = None

    def _finished(self, transfer: Transfer, result: wire.Result, now: float) -> Finished:
        if result.total != self._info.output_bytes:
            raise ProtocolBreach(
                f"it answers with {result.total} bytes where {self._info.output_bytes} are due"
            )
        self.progress = self._last_answer = now
        self._flights.drop(transfer)
        self._finishing[transfer.sequence] = self._transfers.pop(transfer.sequence)
        self._unblock(transfer.sequence)
        claimed = result.ticks / self._info.tick_hz if self._info.tick_hz else 0.0
        begun = now if transfer.begun is None else transfer.begun
        measured = min(claimed, now - begun)  # no inference is longer than its round trip
        self._slowest = max(self._slowest, measured) if self._measured else measured
        self._measured = True
        return Finished(transfer, result, now)

    def answer(self, finished: Finished, output: bytes) -> Answer:
        """The window's outcome; it is not under way any more."""
        transfer, result = finished.transfer, finished.result
        del self._finishing[transfer.sequence]
        return Answer(
            index=transfer.index,
            output=output,
            ticks=result.ticks,
            input_crc=result.input_crc,
            own_input=result.input_crc == transfer.crc,
            round_trip=finished.at - (finished.at if transfer.begun is None else transfer.begun),
            alone=transfer.alone,
            repeats=transfer.repeats,
        )

    def take_beside(self, frame: Frame, now: float) -> None:
        """A frame that comes while an output is read; the results of other windows are simply repeated later."""
        if frame.type == wire.TAKEN:
            self.take(frame, now)
