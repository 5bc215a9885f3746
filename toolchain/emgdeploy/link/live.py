"""Live recognition over the wire: samples to the device, its counters and events back (docs/protocol.md)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from emgdeploy.link import wire
from emgdeploy.link.faults import ProtocolBreach
from emgdeploy.link.framing import Frame
from emgdeploy.link.session import Session

_START = struct.Struct("<BBBBII")
_SAMPLES = struct.Struct("<IHBB")
_ACCEPTED = struct.Struct("<IHH")
_EVENT = struct.Struct("<IhHHBBIIIII")
_REPORT = struct.Struct("<BBH13I")
_UNSURE, _GOOD, _REJECTED, _SILENT, _LOST = 1, 2, 4, 8, 16


class Origin(IntEnum):
    """Where the device takes its samples from."""

    WIRE = 0
    RECORDING = 1
    OWN = 2


class State(IntEnum):
    """What live recognition is doing. ENDED: as many samples as were asked for have been taken."""

    IDLE = 0
    RUNNING = 1
    ENDED = 2


@dataclass(frozen=True, slots=True)
class Event:
    """One decision. number: of the event, modulo 65,536. end: samples from the start to the window's last. gesture: None
    for a rest without a class. confidence, velocity: thousandths. silent: no sample came. lost: no decision; `waiting`
    samples from `end` on never came. waiting: samples in the device's ring. latency, inference: in its ticks. input_crc, output_crc: 0 where they were not asked for."""

    number: int
    end: int
    gesture: int | None
    confidence: int
    velocity: int
    unsure: bool
    good: bool
    rejected: bool
    silent: bool
    lost: bool
    waiting: int
    latency: int
    inference: int
    input_crc: int
    output_crc: int

    @classmethod
    def unpack(cls, frame: Frame) -> Event:
        """Raises ProtocolBreach."""
        if len(frame.payload) != _EVENT.size:
            raise ProtocolBreach(f"an event of {len(frame.payload)} bytes where {_EVENT.size} are due")
        end, gesture, confidence, velocity, flags, _, *rest = _EVENT.unpack(frame.payload)
        said = (bool(flags & bit) for bit in (_UNSURE, _GOOD, _REJECTED, _SILENT, _LOST))
        return cls(frame.sequence, end, None if gesture < 0 else gesture, confidence, velocity, *said, *rest)


@dataclass(frozen=True, slots=True)
class Report:
    """Counters since the start. period: ticks between samples, 0 where the source has no clock of the device's. samples:
    taken, lost ones among them; overruns: of the lost, those that found no room. stale: windows left out for a newer
    one; late: answered after the next one was whole. recording: samples of the image's own."""

    state: int
    source: int
    channels: int
    period: int
    samples: int
    lost: int
    overruns: int
    windows: int
    answered: int
    stale: int
    late: int
    silences: int
    repeated: int
    bad: int
    events: int
    recording: int


class LiveLink:
    """Live recognition in an established session. events: told each event as it comes."""

    def __init__(self, session: Session, max_payload: int, events: Callable[[Event], None]) -> None:
        self._session, self._events = session, events
        self._most = (max_payload - _SAMPLES.size) // 4
        self._place = (0, 0)
        self.channels = 0

    def start(
        self, origin: Origin, period: int = 0, limit: int = 0, every: bool = False, checksums: bool = False
    ) -> Report:
        """Begin. period: of the sampling clock, in the device's ticks; limit: samples, 0 for no end; every: leave no
        window out, however late. Raises LinkError's children."""
        self._place = (0, 0)
        flags = every | checksums << 1
        report = self._command(_START.pack(1, origin, flags, 0, period, limit))
        self.channels = report.channels
        return report

    def report(self) -> Report:
        """The counters so far. Raises LinkError's children."""
        return self._command(_START.pack(0, 0, 0, 0, 0, 0))

    def stop(self) -> Report:
        """The device rests, and samples no more. Raises LinkError's children."""
        return self._command(_START.pack(2, 0, 0, 0, 0, 0))

    def send(self, samples: NDArray[np.float32]) -> None:
        """(S, channels) in mV, the next ones of the stream; returns once the device has taken all of them.

        Raises LinkError's children.
        """
        values = np.ascontiguousarray(samples, "<f4").ravel()
        first = self._at(self._place)
        done = 0
        while done < len(values):
            sample, channel = divmod(first + done, self.channels)
            piece = values[done : done + self._most]
            answer = self._request(wire.SAMPLES, _SAMPLES.pack(sample, channel, 0, 0) + piece.tobytes())
            if len(answer) != _ACCEPTED.size:
                raise ProtocolBreach("an answer to samples of a wrong length")
            sample, channel, _ = _ACCEPTED.unpack(answer)
            taken = self._at((sample, channel)) - first
            if not done <= taken <= done + len(piece):
                raise ProtocolBreach(f"it has taken {taken} of {done + len(piece)} values")
            done = taken
        self._place = divmod(first + done, self.channels)

    def skip(self, samples: int) -> None:
        """So many samples never came: the next one says so by its number."""
        self._place = (self._place[0] + samples, self._place[1])

    def wait(self, seconds: float) -> None:
        """Take the events of so long a time. Raises LinkError's children."""
        for frame in self._session.receive(seconds):
            self._other(frame)

    def _at(self, place: tuple[int, int]) -> int:
        return place[0] * self.channels + place[1]

    def _command(self, payload: bytes) -> Report:
        answer = self._request(wire.LIVE, payload)
        if len(answer) != _REPORT.size:
            raise ProtocolBreach(f"a report of {len(answer)} bytes where {_REPORT.size} are due")
        return Report(*_REPORT.unpack(answer))

    def _request(self, kind: int, payload: bytes) -> bytes:
        answer = self._session.request(kind, payload, others=self._other)
        if answer.type == wire.REFUSED:
            raise ProtocolBreach(
                "it refuses live recognition: is this firmware of build --live, and has it such a source?"
            )
        return answer.payload

    def _other(self, frame: Frame) -> None:
        if frame.type == wire.EVENT:
            self._events(Event.unpack(frame))
