"""Windows to the device and answers back, several under way at a time.

Chunks are sent only as far as the device's buffer holds them, each is acknowledged or sent again
on its own, and an answer is taken once. What makes a repeat harmless is on the device: it computes
no sequence number twice.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from emgdeploy.link import framing, reading, wire
from emgdeploy.link.chunks import ChunkSizer, chunk_limit
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.faults import NoisyLink, ProtocolBreach, SilentDevice
from emgdeploy.link.framing import Frame
from emgdeploy.link.session import Session
from emgdeploy.link.transfer import Answer, Flight, Transfer
from emgdeploy.link.wire import PayloadError

_WINDOW_PATIENCES = 10


@dataclass
class Pipeline:
    """The windows under way in one session. next_sequence: number of the next window."""

    session: Session
    info: DeviceInfo
    next_sequence: int
    _transfers: dict[int, Transfer] = field(default_factory=dict)
    _flights: deque[Flight] = field(default_factory=deque)
    _answers: deque[Answer] = field(default_factory=deque)

    def __post_init__(self) -> None:
        options, info, text = self.session.options, self.info, self.session.text
        self.depth = min(info.depth, options.in_flight_windows or info.depth)
        self._room = min(info.rx_buffer, options.in_flight_bytes or info.rx_buffer)
        if options.overrun and options.in_flight_bytes:
            self._room = options.in_flight_bytes
        limit = chunk_limit(info.max_payload, min(info.rx_buffer, self._room), text)
        self._sizer = ChunkSizer(min(limit, options.chunk_bytes or limit), text)
        self._slowest = min(info.selftest_seconds, options.inference_limit)
        self._measured = False
        self._last_answer = 0.0
        self._progress = self.session.now()
        self._progress_bytes = self.session.stats.bytes_received

    @property
    def under_way(self) -> list[int]:
        """Indices of the windows begun and not answered."""
        return [transfer.index for transfer in self._transfers.values()]

    def run(self, windows: Iterable[tuple[int, bytes]]) -> Iterator[Answer]:
        """Send (index, bytes) windows of info.input_bytes each and yield answers as they come.

        Raises DeviceReset, NoisyLink, SilentDevice, ProtocolBreach, Unplugged; `under_way` then tells
        which windows were begun.
        """
        source = iter(windows)
        exhausted = False
        self._progressed()
        while True:
            while not exhausted and self._has_room_for_window():
                following = next(source, None)
                if following is None:
                    exhausted = True
                else:
                    self._admit(*following)
            if not self._transfers:
                return
            self._send_chunks()
            for frame in self.session.receive(self._time_left()):
                self._take(frame)
            while self._answers:
                yield self._answers.popleft()
            self._expire()

    def _has_room_for_window(self) -> bool:
        """The device refuses numbers that are its depth or more behind the newest."""
        if not self._transfers:
            return True
        oldest = next(iter(self._transfers))
        return (self.next_sequence - oldest) & 0xFFFF < self.depth

    def _admit(self, index: int, data: bytes) -> None:
        units = -(-len(data) // wire.UNIT)
        shared = bool(self._transfers)
        transfer = Transfer(
            index, self.next_sequence, data, zlib.crc32(data), (1 << units) - 1, alone=not shared
        )
        for other in self._transfers.values():
            other.alone = False
        self._transfers[self.next_sequence] = transfer
        self.session.begin(self.next_sequence, index)
        self.next_sequence = (self.next_sequence + 1) & 0xFFFF

    def _flying_bytes(self) -> int:
        return sum(flight.size for flight in self._flights)

    def _send_chunks(self) -> None:
        """Oldest window first, as far as the device's buffer goes."""
        room = self._room - self._flying_bytes()
        for transfer in self._transfers.values():
            while transfer.blocked_by is None and transfer.unsent:
                units, offset, length = self._next_piece(transfer)
                size = framing.encoded_size(wire.CHUNK_HEADER + length, self.session.text)
                if size > room and self._flights:
                    return
                self._launch(transfer, units, offset, length)
                room -= size

    def _next_piece(self, transfer: Transfer) -> tuple[int, int, int]:
        """Units, offset and length of the next chunk: what can go, from the first unit that must."""
        unsent = transfer.unsent
        first = (unsent & -unsent).bit_length() - 1
        count = 1
        while count * wire.UNIT < self._sizer.size and unsent >> (first + count) & 1:
            count += 1
        offset = first * wire.UNIT
        length = min(count * wire.UNIT, len(transfer.data) - offset)
        return ((1 << count) - 1) << first, offset, length

    def _launch(self, transfer: Transfer, units: int, offset: int, length: int) -> None:
        data = transfer.data[offset : offset + length]
        payload = wire.chunk(len(transfer.data), transfer.crc, offset, data)
        now = self.session.now()
        if transfer.begun is None:
            transfer.begun = now
        size = self.session.send(wire.CHUNK, transfer.sequence, payload)
        first = not transfer.launched & units
        transfer.launched |= units
        transfer.flying |= units
        on_wire = self.session.wire_time(
            self._flying_bytes() + size + 2 * framing.encoded_size(32, self.session.text)
        )
        expires = now + on_wire + self.session.reply_timeout() + self._slowest
        self._flights.append(Flight(transfer, units, size, now, expires, first))

    def _poll(self, transfer: Transfer) -> None:
        """Ask how a window stands, if there is room; an answer that was lost is repeated from the device's memory."""
        transfer.polled = self.session.now()
        size = framing.encoded_size(wire.CHUNK_HEADER, self.session.text)
        if self._flying_bytes() + size > self._room and self._flights:
            return
        transfer.repeats += 1
        self.session.stats.retried += 1
        self._launch(transfer, 0, 0, 0)

    def _time_left(self) -> float:
        now = self.session.now()
        busy = self._busy_until()
        due = [max(flight.expires, busy) for flight in self._flights]
        due += [self._poll_time(transfer) for transfer in self._running() if not self._asked(transfer)]
        return max(0.0, min(due, default=now + 0.05) - now)

    def _running(self) -> list[Transfer]:
        return [transfer for transfer in self._transfers.values() if transfer.running_since is not None]

    def _poll_time(self, transfer: Transfer) -> float:
        begun = max(transfer.running_since or 0.0, transfer.polled, self._last_answer)
        answer = framing.encoded_size(wire.RESULT_HEADER + self.info.output_bytes, self.session.text)
        return begun + 2 * self._slowest + self.session.reply_timeout() + self.session.wire_time(answer)

    def _expire(self) -> None:
        now = self.session.now()
        if now >= self._busy_until():
            overdue = [flight for flight in self._flights if now >= flight.expires]
            if overdue:
                self.session.timed_out()
            for flight in overdue:
                self._overdue(flight, now)
        for transfer in self._running():
            if now >= self._poll_time(transfer) and not self._asked(transfer):
                self.session.timed_out()
                self._poll(transfer)
        options = self.session.options
        if self.session.raised and now - self._progress > options.fallback_s + 3 * self._slowest:
            # At a raised rate a device that has restarted speaks unheard.
            self.session.lose()
        patience = self._patience()
        if now - self._progress > patience:
            self._give_up(now)
        oldest = min((t.begun for t in self._transfers.values() if t.begun is not None), default=now)
        if now - oldest > _WINDOW_PATIENCES * patience:
            raise NoisyLink(f"a window was under way for {now - oldest:.0f} s")

    def _patience(self) -> float:
        """Seconds that may pass without anything new, see docs/protocol.md."""
        window = self.session.wire_time(2 * self.info.input_bytes)
        return self.session.options.patience + 2 * self._slowest + window

    def _asked(self, transfer: Transfer) -> bool:
        """Whether something of this window is under way, so that its answer tells how the window stands."""
        return any(flight.transfer is transfer for flight in self._flights)

    def _busy_until(self) -> float:
        """A device that computes reads nothing: what waits in its buffer is late, not lost."""
        return max(((t.running_since or 0.0) + self._run_limit() for t in self._running()), default=0.0)

    def _run_limit(self) -> float:
        return 3 * self._slowest + (self.session.options.run_margin if self._slowest > 0.1 else 0.1)

    def _give_up(self, now: float) -> None:
        waited = now - self._progress
        if self.session.stats.bytes_received == self._progress_bytes:
            raise SilentDevice(self.session.port.name, waited)
        raise NoisyLink(f"nothing got through for {waited:.0f} s")

    def _overdue(self, flight: Flight, now: float) -> None:
        """A late chunk may still wait unread, where a second one would not fit: a short question goes first."""
        if not flight.units or flight.overdue:
            self._lose(flight)
            return
        flight.overdue = True
        flight.expires = now + self.session.reply_timeout() + self._slowest
        if all(other.units for other in self._flights):
            self._poll(flight.transfer)

    def _forget_flight(self, flight: Flight) -> None:
        self._flights.remove(flight)
        flight.transfer.flying &= ~flight.units

    def _lose(self, flight: Flight) -> None:
        self._forget_flight(flight)
        flight.transfer.repeats += 1
        if flight.units:
            self.session.stats.retried += 1
            self._sizer.sent(flight.size, lost=True)

    def _take(self, frame: Frame) -> None:
        if frame.type == wire.NAK:
            self._rejected()
            return
        transfer = self._transfers.get(frame.sequence)
        if transfer is None:
            self.session.stats.late += frame.type in (wire.TAKEN, wire.RESULT)
        if transfer is None or frame.type not in (
            wire.TAKEN,
            wire.RESULT,
            wire.STALE,
            wire.ORDER,
            wire.REFUSED,
        ):
            self.session.stats.stale += 1
            return
        try:
            self._dispatch(frame, transfer)
        except PayloadError as error:
            raise ProtocolBreach(str(error)) from error

    def _dispatch(self, frame: Frame, transfer: Transfer) -> None:
        if frame.type == wire.TAKEN:
            self._taken(transfer, wire.Taken.unpack(frame.payload))
        elif frame.type == wire.RESULT:
            result = wire.Result.unpack(frame.payload)
            self._answered(transfer, result)
        elif frame.type == wire.ORDER:
            self._order(transfer, wire.unpack_u16(frame.payload))
        elif frame.type == wire.REFUSED and frame.payload[:1] == bytes([wire.Refusal.WINDOW_CRC]):
            self._drop_flights(transfer)
            transfer.forget()
        else:
            raise ProtocolBreach(
                f"it refuses window {transfer.index} ({frame.type:#x} {frame.payload.hex()})"
            )

    def _rejected(self) -> None:
        """Something was broken, there or here. Answers come in order, so the oldest chunk is the suspect."""
        if self._flights:
            self._lose(self._flights[0])
        for transfer in self._running()[:1]:
            if self.session.now() - transfer.polled > self.session.reply_timeout():
                self._poll(transfer)

    def _taken(self, transfer: Transfer, taken: wire.Taken) -> None:
        now = self.session.now()
        if taken.offset + taken.length > len(transfer.data):
            raise ProtocolBreach(
                f"it takes bytes up to {taken.offset + taken.length:,} of a window of {len(transfer.data):,}"
            )
        if taken.length == 0:
            self._stands(transfer, taken.offset)
            return
        last = -(-(taken.offset + taken.length) // wire.UNIT)
        transfer.acked |= (1 << last) - (1 << taken.offset // wire.UNIT)
        if taken.complete:
            transfer.acked = transfer.all_units
            transfer.running_since = now
            self._unblock(transfer.sequence)
        if transfer.advanced():
            self._progressed()
        else:
            self.session.stats.late += 1
        for flight in [f for f in self._flights if f.transfer is transfer and not f.units & ~transfer.acked]:
            if flight.sent > self._last_answer and flight.first and flight.units:
                self.session.measured(
                    max(0.0, now - flight.sent - self.session.wire_time(self._flying_bytes()))
                )
            self._land(flight)

    def _stands(self, transfer: Transfer, first_missing: int) -> None:
        """A question's answer. What left before the question has been read by now, or never will be."""
        question = next((f for f in self._flights if f.transfer is transfer and not f.units), None)
        for flight in list(self._flights):
            if flight.transfer is transfer and (question is None or flight.sent <= question.sent):
                self._forget_flight(flight)
            elif question is not None and flight.sent < question.sent:
                self._lose(flight)
        transfer.forget()
        transfer.acked = (1 << first_missing // wire.UNIT) - 1

    def _land(self, flight: Flight) -> None:
        self._forget_flight(flight)
        if flight.units:
            self._sizer.sent(flight.size, lost=False)

    def _drop_flights(self, transfer: Transfer) -> None:
        for flight in [flight for flight in self._flights if flight.transfer is transfer]:
            self._forget_flight(flight)

    def _unblock(self, sequence: int) -> None:
        for transfer in self._transfers.values():
            if transfer.blocked_by == sequence:
                transfer.blocked_by = None

    def _order(self, transfer: Transfer, waiting_for: int) -> None:
        """The device has another window half-way in and cannot take this one yet."""
        if waiting_for not in self._transfers:
            raise ProtocolBreach("it waits for a window that is not under way")
        self._drop_flights(transfer)
        transfer.blocked_by = waiting_for if self._transfers[waiting_for].running_since is None else None

    def _answered(self, transfer: Transfer, result: wire.Result) -> None:
        now = self.session.now()
        self._progressed()
        self._drop_flights(transfer)
        begun = now if transfer.begun is None else transfer.begun
        claimed = result.ticks / self.info.tick_hz if self.info.tick_hz else 0.0
        measured = min(claimed, now - begun)  # no inference is longer than its round trip
        self._slowest = max(self._slowest, measured) if self._measured else measured
        self._measured = True
        output = result.data + self._read_rest(transfer.sequence, len(result.data), result.total)
        self._last_answer = now
        del self._transfers[transfer.sequence]
        self._unblock(transfer.sequence)
        self._answers.append(
            Answer(
                index=transfer.index,
                output=output,
                ticks=result.ticks,
                input_crc=result.input_crc,
                own_input=result.input_crc == transfer.crc,
                round_trip=now - begun,
                alone=transfer.alone,
                repeats=transfer.repeats,
            )
        )

    def _read_rest(self, sequence: int, have: int, total: int) -> bytes:
        if total != self.info.output_bytes:
            raise ProtocolBreach(f"it answers with {total} bytes where {self.info.output_bytes} are due")
        limit = self.session.options.reply_limit
        return reading.whole(
            self.session, wire.READ_OUTPUT, sequence, total, limit, "an output", have, self._take_later
        )

    def _take_later(self, frame: Frame) -> None:
        """Frames that arrive while the rest of an output is read; results of others are simply repeated."""
        transfer = self._transfers.get(frame.sequence)
        if frame.type == wire.TAKEN and transfer is not None:
            self._taken(transfer, wire.Taken.unpack(frame.payload))

    def _progressed(self) -> None:
        self._progress = self.session.now()
        self._progress_bytes = self.session.stats.bytes_received
