"""A device and its line on a simulated clock: hours of patience pass in milliseconds, and always the same.

It follows docs/protocol.md by itself, and each test bends what it says.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from emgdeploy.link import framing, wire
from emgdeploy.link.framing import Decoder, Frame

Hook = Callable[[Frame], bool]


class Endless(AssertionError):
    """The host was still at it long after any session must have ended."""


@dataclass
class Assembly:
    """A window that is coming in."""

    sequence: int
    data: bytearray
    crc: int
    units: set[int] = field(default_factory=set)


class SimulatedDevice:
    """A port with a device behind it, and `now`, its clock.

    inputs, outputs: bytes of a window and of an answer. frame_s: seconds that it takes over each frame;
    infer_s: over each inference. hook: gets each request first, and returns whether it was dealt with.
    after: called in place of sending a RESULT. limit_s: simulated seconds after which a test has failed.
    """

    name, baud = "simulated", 115_200

    def __init__(
        self, inputs: int = 192, outputs: int = 8, frame_s: float = 0.0, infer_s: float = 0.0
    ) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.frame_s, self.infer_s = frame_s, infer_s
        self.hook: Hook = lambda frame: False
        self.after: Callable[[int], None] = self.send_result
        self.facts = {
            1: b"native",
            2: b"0123456789abcdef",
            3: b"5a" * 32,
            4: wire.u32(1_000_000_000),
            5: wire.u32(1_000_000_000),
            6: b"host-clock",
            7: wire.u32(1_000_000),
            8: wire.u32(115_200),
            9: b"test",
        }
        self.max_payload, self.rx_buffer, self.depth = 240, 256, 4
        self.tick_hz, self.ticks = 1_000_000_000, 1_000_000
        self.limit_s = 3600.0
        self.clock = self.free = 0.0
        self.reads = self.inferences = self.session = 0
        self.text = True
        self.answers: dict[int, tuple[bytes, int]] = {}
        self.assembly: Assembly | None = None
        self._decoder = Decoder()
        self.coming: list[tuple[float, bytes]] = []

    def now(self) -> float:
        """Simulated seconds."""
        return self.clock

    def right(self, window: bytes) -> bytes:
        """What the device answers to `window`."""
        return (zlib.crc32(window).to_bytes(4, "little") * self.outputs)[: self.outputs]

    def read(self, timeout: float) -> bytes:
        """See Port.read; time passes instead of being waited for."""
        self.reads += 1
        if self.clock > self.limit_s or self.reads > 200_000:
            raise Endless(f"{self.clock:.0f} s, {self.reads} reads")
        self.clock += 1e-5
        if not self.coming or self.coming[0][0] > self.clock + timeout:
            self.clock += max(0.0, timeout)
            return b""
        self.clock = max(self.clock, self.coming[0][0])
        due = [data for at, data in self.coming if at <= self.clock]
        self.coming = self.coming[len(due) :]
        return b"".join(due)

    def write(self, data: bytes) -> None:
        """See Port.write; the device deals with one frame after the other."""
        self.free = max(self.free, self.clock) + len(data) * 10 / self.baud
        for event in self._decoder.feed(data):
            if isinstance(event, Frame):
                self.free += self.frame_s
                self._handle(event)

    def set_baud(self, baud: int) -> bool:
        """See Port.set_baud."""
        return baud == self.baud

    def close(self) -> None:
        """See Port.close."""

    def say(self, kind: int, sequence: int, payload: bytes = b"", session: int | None = None) -> None:
        """One frame to the host."""
        number = self.session if session is None else session
        data = framing.encode(Frame(kind, number, sequence, payload, self.text))
        self.free += len(data) * 10 / self.baud
        self.coming.append((self.free, data))

    def boot(self) -> None:
        """Restart: everything is forgotten."""
        self.session, self.answers, self.assembly = 0, {}, None
        self.text = True
        self.say(wire.BOOT, 0, session=0)

    def send_result(self, sequence: int, ticks: int | None = None, output: bytes | None = None) -> None:
        """RESULT from memory."""
        known, crc = self.answers[sequence]
        data = known if output is None else output
        spent = self.ticks if ticks is None else ticks
        self.say(wire.RESULT, sequence, struct.pack("<BBHIII", 0, 0, len(data), len(data), crc, spent) + data)

    def taken(self, sequence: int, offset: int, length: int, complete: bool = False) -> None:
        """TAKEN."""
        self.say(wire.TAKEN, sequence, struct.pack("<IHB", offset, length, complete))

    def _handle(self, frame: Frame) -> None:
        self.text = frame.text
        if frame.type == wire.HELLO and frame.session != self.session:
            self.session, self.answers, self.assembly = frame.session, {}, None
        if self.hook(frame):
            return
        if frame.type == wire.HELLO:
            self.say(wire.WELCOME, frame.sequence, self.welcome())
        elif frame.session != self.session:
            self.say(wire.NO_SESSION, frame.sequence, session=frame.session ^ 1)
        elif frame.type == wire.ECHO:
            self.say(wire.ECHOED, frame.sequence, frame.payload)
        elif frame.type == wire.READ:
            self._read(frame)
        elif frame.type == wire.PING:
            self.say(wire.PONG, frame.sequence, struct.pack("<IIIII", self.inferences, 0, 0, 0, 0))
        elif frame.type == wire.CHUNK:
            self._chunk(frame)

    def info(self) -> bytes:
        """The facts as they travel."""
        return b"".join(bytes((key, len(value))) + value for key, value in self.facts.items())

    def welcome(self) -> bytes:
        """Its payload."""
        info = self.info()
        sizes = (self.max_payload, self.depth, 1, self.rx_buffer, self.inputs, self.outputs)
        return struct.pack("<HBBIIIHI", *sizes, len(info), zlib.crc32(info))

    def _read(self, frame: Frame) -> None:
        what, _, reference, offset, count = struct.unpack("<BBHIH", frame.payload)
        data = self.info() if what == wire.READ_INFO else self.answers[reference][0]
        head = struct.pack("<BBHII", what, 0, reference, offset, len(data))
        self.say(wire.DATA, frame.sequence, head + data[offset : offset + count])

    def _forget_old(self, sequence: int) -> None:
        """Answers are kept for the newest number and the depth - 1 before it."""
        newest = max(self.answers, key=lambda key: (key - sequence + 0x8000) & 0xFFFF)
        for old in [key for key in self.answers if (newest - key) & 0xFFFF >= self.depth]:
            del self.answers[old]

    def _chunk(self, frame: Frame) -> None:
        length, crc, offset = struct.unpack("<III", frame.payload[:12])
        data, sequence = frame.payload[12:], frame.sequence
        if sequence in self.answers:
            self.send_result(sequence)
            return
        if self.assembly is not None and self.assembly.sequence != sequence:
            self.say(wire.ORDER, sequence, struct.pack("<H", self.assembly.sequence))
            return
        every = set(range(0, length, wire.UNIT))
        if not data:
            here = self.assembly.units if self.assembly else set()
            self.taken(sequence, min(every - here), 0)
            return
        if self.assembly is None:
            self.assembly = Assembly(sequence, bytearray(length), crc)
        self.assembly.data[offset : offset + len(data)] = data
        self.assembly.units |= set(range(offset, offset + len(data), wire.UNIT))
        complete = self.assembly.units == every
        self.taken(sequence, offset, len(data), complete)
        if complete:
            window, self.assembly = bytes(self.assembly.data), None
            self.free += self.infer_s
            self.inferences += 1
            self.answers[sequence] = self.right(window), zlib.crc32(window)
            self._forget_old(sequence)
            self.after(sequence)
