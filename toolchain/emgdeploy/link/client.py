"""A device behind a port: greet it, stream windows through it, survive its resets."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from emgdeploy.link import framing, handshake, rate, reading, wire
from emgdeploy.link import parameters as sets
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.faults import DeviceReset, NoisyLink, ProtocolBreach, RestartLoop
from emgdeploy.link.framing import Frame
from emgdeploy.link.live import Event, LiveLink
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.pipeline import Pipeline
from emgdeploy.link.port import Port
from emgdeploy.link.session import Session, Trace
from emgdeploy.link.stats import LinkStats
from emgdeploy.link.transfer import Answer
from emgdeploy.link.wire import Checksum, PayloadError, Pong


@dataclass(frozen=True)
class Tapped:
    """An answer of a device with taps. steps: of what each step made in the same inference."""

    answer: Answer
    steps: list[Checksum]


class DeviceClient:
    """Talks to one device. The port stays the caller's.

    info: the device's own account, after `connect`. untransparent: byte values that the path does not
    let through, for which the text-safe encoding is in use. check: called with the facts at every
    handshake, also after a reset; raises when this is not the device that is wanted. now: the seconds of a clock
    that only goes forward, by which every timeout is kept.
    """

    def __init__(
        self,
        port: Port,
        options: LinkOptions | None = None,
        check: Callable[[DeviceInfo], None] | None = None,
        trace: Trace | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options or LinkOptions()
        self.stats = LinkStats()
        self.port = port
        self.info: DeviceInfo | None = None
        self.untransparent: frozenset[int] = frozenset()
        self._check = check
        self._session = Session(port, self.options, self.stats, trace, now)
        self._first_baud = port.baud
        self._raise_to = self.options.baud
        self._next_sequence = (
            secrets.randbelow(1 << 16) if self.options.first_sequence is None else self.options.first_sequence
        )

    @property
    def text_safe(self) -> bool:
        """Whether the text-safe encoding is in use."""
        return self._session.text

    @property
    def now(self) -> Callable[[], float]:
        """The clock of every timeout, in seconds."""
        return self._session.now

    @property
    def contradicted(self) -> frozenset[int]:
        """Indices of windows that the device answered a second time, and differently."""
        return frozenset(self._session.contradicted)

    def connect(self) -> DeviceInfo:
        """Shake hands, choose the encoding, go up to options.baud.

        Raises LinkError's children and what `check` raises.
        """
        for _ in range(self.options.resets + 1):
            try:
                self._greet()
                if self._raise_to and not self._change_rate(self._raise_to):
                    self._raise_to = None
                return self._known()
            except DeviceReset:
                continue
        raise DeviceReset

    def _greet(self) -> None:
        if self.port.baud != self._first_baud:
            self.port.set_baud(self._first_baud)
        self._session.raised = False
        self.info = handshake.greet(self._session, (self._next_sequence - 1) & 0xFFFF)
        if self._check is not None:
            self._check(self.info)
        self.untransparent = handshake.choose_encoding(self._session, self.info.rx_buffer)

    def _known(self) -> DeviceInfo:
        if self.info is None:
            raise DeviceReset
        return self.info

    def switch_baud(self, baud: int) -> bool:
        """Take both sides to another rate; False when the line does not work there.

        The link works afterwards in either case. Raises LinkError's children.
        """
        self._connected()
        try:
            return self._change_rate(baud)
        except DeviceReset:
            self._reconnect()
            return False

    def _change_rate(self, baud: int) -> bool:
        changed = rate.switch(self._session, baud)
        if not changed and not rate.alive(self._session):
            self._greet()
        self._session.raised = self.port.baud != self._first_baud
        return changed

    def _connected(self) -> DeviceInfo:
        return self.info if self.info is not None and self._session.established else self.connect()

    def live(self, events: Callable[[Event], None]) -> LiveLink:
        """Live recognition on the device. Raises LinkError's children."""
        return LiveLink(self._session, self._connected().max_payload, events)

    def ping(self) -> Pong:
        """The device's counters. Raises NoisyLink, DeviceReset, Unplugged."""
        self._connected()
        try:
            return Pong.unpack(self._session.request(wire.PING).payload)
        except PayloadError as error:
            raise ProtocolBreach(str(error)) from error

    def parameters(self) -> sets.State:
        """Which parameter set is in use. Raises RequestRefused, NoisyLink, DeviceReset, Unplugged."""
        self._connected()
        return sets.state(self._session)

    def write_parameters(self, identity: str, data: bytes) -> sets.State:
        """Use a parameter set from the next window on. Raises as `parameters.write` does."""
        info = self._connected()
        if data and info.max_payload <= 8:
            raise ProtocolBreach("it takes too little at once")
        found = sets.write(self._session, identity, data, info.max_payload)
        self._session.established = False  # its facts are others now
        return found

    def roll_back_parameters(self, identity: str) -> sets.State:
        """Give up a parameter set. Raises as `parameters.roll_back` does."""
        self._connected()
        found = sets.roll_back(self._session, identity)
        self._session.established = False
        return found

    def echo(self, payload: bytes) -> bytes:
        """Send bytes there and back, at most info.max_payload. Raises NoisyLink, DeviceReset, Unplugged."""
        self._connected()
        return self._session.request(wire.ECHO, payload).payload

    def try_echo(
        self, payload: bytes, wait: float, others: Callable[[Frame], None]
    ) -> tuple[int, float | None]:
        """Send bytes there and back once: the question's sequence number, and the seconds it took.

        The seconds are None where no such answer came within the wire's own time and `wait`. others: told each
        frame that answers something else, such as an earlier question. Raises DeviceReset, Unplugged.
        """
        self._connected()
        session = self._session
        size = framing.encoded_size(len(payload), session.text)
        begun = session.now()
        try:
            answer = session.request(
                wire.ECHO,
                payload,
                tries=1,
                patience=session.timeouts.wire_time(2 * size) + wait,
                others=others,
            )
        except NoisyLink:
            return session.sequence, None
        took = session.now() - begun
        return session.sequence, took if answer.payload == payload else None

    def listen(self, seconds: float, others: Callable[[Frame], None]) -> None:
        """Take what still comes. Raises DeviceReset, Unplugged."""
        until = self._session.now() + seconds
        while (left := until - self._session.now()) > 0:
            for frame in self._session.receive(left):
                others(frame)

    def infer(self, window: bytes) -> Answer:
        """One window of info.input_bytes bytes. Raises LinkError's children."""
        for answer in self.stream([(0, window)]):
            return answer
        raise NoisyLink("the window was not answered")

    def infer_tapped(self, window: bytes) -> Tapped:
        """One window on a device with taps, and what each step made of it. Raises LinkError's children."""
        for _ in range(self.options.resets + 1):
            answer = self.infer(window)
            try:
                return Tapped(answer, self._checksums())
            except DeviceReset:
                self._reconnect()
        raise DeviceReset

    def _checksums(self) -> list[Checksum]:
        last, taps = (self._next_sequence - 1) & 0xFFFF, self._known().taps
        limit = self.options.reply_limit
        size = taps * wire.CHECKSUM_SIZE
        return Checksum.unpack_all(
            reading.whole(self._session, wire.READ_CHECKSUMS, last, size, limit, "its checksums")
        )

    def step_output(self, step: int, size: int) -> bytes:
        """What a step makes of the window that was inferred last, `size` bytes; the device infers it again.

        Raises NoisyLink, ProtocolBreach, DeviceReset, Unplugged.
        """
        return reading.step(self._session, step, size, self._known().selftest_seconds)

    def stream(self, windows: Iterable[tuple[int, bytes]], in_flight: int | None = None) -> Iterator[Answer]:
        """Send (index, bytes) windows and yield the answers, not always in order.

        A device that restarts is greeted again and gets the windows that it had not answered; one on
        which it restarts more than options.resets times is left out, so no answer comes for it; after
        options.lost_in_a_row of these without an answer in between, RestartLoop is raised.
        in_flight: most windows under way, at most the device's depth.
        """
        waiting: deque[tuple[int, bytes]] = deque()
        strikes: dict[int, int] = {}
        lost = 0
        source = iter(windows)
        while True:
            info = self._connected()
            pipeline = Pipeline(self._session, info, self._next_sequence)
            if in_flight is not None:
                pipeline.windows.depth = max(1, min(pipeline.windows.depth, in_flight))
            begun: dict[int, bytes] = {}
            feed = _Feed(waiting, source, begun)
            try:
                for answer in pipeline.run(feed):
                    lost = 0
                    begun.pop(answer.index, None)
                    yield answer
                return
            except DeviceReset:
                again = self._to_repeat(begun, strikes)
                lost += len(begun) - len(again)
                if lost >= self.options.lost_in_a_row:
                    raise RestartLoop(lost) from None
                waiting.extendleft(reversed(again))
            finally:
                self._next_sequence = pipeline.windows.next_sequence
                if pipeline.windows.under_way:
                    self._session.established = False  # what is half-way in must not meet what comes next
            self._reconnect()

    def _to_repeat(self, begun: dict[int, bytes], strikes: dict[int, int]) -> list[tuple[int, bytes]]:
        """What was under way when the device restarted, without the windows that it cannot survive."""
        for index in list(begun)[:1]:
            strikes[index] = strikes.get(index, 0) + 1
        return [
            (index, data) for index, data in begun.items() if strikes.get(index, 0) <= self.options.resets
        ]

    def _reconnect(self) -> None:
        """A restarting board may need a while; nothing but its silence over all of it counts."""
        give_up = self._session.now() + self.options.patience
        while True:
            try:
                self.connect()
                return
            except DeviceReset:
                if self._session.now() > give_up:
                    raise


class _Feed:
    """Windows to be repeated first, then new ones; remembers what was handed out."""

    def __init__(
        self, waiting: deque[tuple[int, bytes]], source: Iterator[tuple[int, bytes]], begun: dict[int, bytes]
    ) -> None:
        self._waiting = waiting
        self._source = source
        self._begun = begun

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self

    def __next__(self) -> tuple[int, bytes]:
        index, data = self._waiting.popleft() if self._waiting else next(self._source)
        self._begun[index] = data
        return index, data
