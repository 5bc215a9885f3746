"""Windows to the device and answers back, several under way at a time.

Chunks are sent only as far as the device's buffer holds them, each is acknowledged or sent again
on its own, and an answer is taken once. What makes a repeat harmless is on the device: it computes
no sequence number twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emgdeploy.link import reading, wire
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.faults import NoisyLink, SilentDevice
from emgdeploy.link.framing import Frame
from emgdeploy.link.session import Session
from emgdeploy.link.transfer import Answer
from emgdeploy.link.windows import Finished, Windows


class Pipeline:
    """The port's side of `windows`: clock, frames out, frames in."""

    def __init__(self, session: Session, info: DeviceInfo, next_sequence: int) -> None:
        self._session = session
        self._info = info
        self.windows = Windows(
            info, session.options, session.timeouts, session.stats, session.text, next_sequence
        )

    def run(self, windows: Iterable[tuple[int, bytes]]) -> Iterator[Answer]:
        """Send (index, bytes) windows of info.input_bytes each and yield answers as they come.

        Raises DeviceReset, NoisyLink, SilentDevice, ProtocolBreach, Unplugged; `windows.under_way` then
        tells which windows were begun.
        """
        state, now = self.windows, self._session.now
        source = iter(windows)
        state.progress = state.heard = now()
        while True:
            self._admit(source)
            if not state.under_way:
                return
            self._send()
            for finished in self._receive():
                yield state.answer(finished, self._whole_output(finished))
            state.pass_time(now())
            self._send()
            self._check_end(now())

    def _admit(self, source: Iterator[tuple[int, bytes]]) -> None:
        while self.windows.has_room():
            following = next(source, None)
            if following is None:
                return
            self._session.begin(self.windows.admit(*following), following[0])

    def _send(self) -> None:
        for flight in self.windows.to_send(self._session.now()):
            flight.size = self._session.send(wire.CHUNK, flight.transfer.sequence, flight.payload())

    def _receive(self) -> list[Finished]:
        """The windows that what came in has finished."""
        session, state = self._session, self.windows
        before = session.stats.bytes_received
        frames = session.receive(state.time_left(session.now()))
        now = session.now()
        if session.stats.bytes_received != before:
            state.heard = now
        taken = (state.take(frame, now) for frame in frames)
        return [finished for finished in taken if finished is not None]

    def _whole_output(self, finished: Finished) -> bytes:
        result, session = finished.result, self._session
        rest = reading.whole(
            session,
            wire.READ_OUTPUT,
            finished.transfer.sequence,
            result.total,
            session.options.reply_limit,
            "an output",
            len(result.data),
            self._take_beside,
        )
        return result.data + rest

    def _take_beside(self, frame: Frame) -> None:
        self.windows.take_beside(frame, self._session.now())

    def _check_end(self, now: float) -> None:
        """Raises what ends a session in which nothing goes on."""
        session, state = self._session, self.windows
        if session.raised and state.speaks_unheard(now):
            session.lose()
        waited = now - state.progress
        if waited > state.patience():
            if state.heard <= state.progress:
                raise SilentDevice(session.port.name, waited)
            raise NoisyLink(f"nothing got through for {waited:.0f} s")
        state.check_age(now)
