"""What frames mean: types and payloads, byte for byte as docs/protocol.md has them.

All numbers are little-endian. Requests have types below 0x80, answers from 0x80 on, so that an
echoed request is never taken for an answer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

HELLO = 0x01
ECHO = 0x02
CHUNK = 0x03
READ = 0x05
PING = 0x06
BAUD = 0x07
PARAMETERS = 0x08

LIVE = 0x09
SAMPLES = 0x0A

ANSWER = 0x80
"""An answer's type is its request's type plus this."""
WELCOME = HELLO + ANSWER
ECHOED = ECHO + ANSWER
TAKEN = CHUNK + ANSWER
RESULT = 0x84
DATA = READ + ANSWER
PONG = PING + ANSWER
IN_USE = PARAMETERS + ANSWER
BAUD_SET = BAUD + ANSWER
LIVE_STATE = LIVE + ANSWER
ACCEPTED = SAMPLES + ANSWER
BOOT = 0xC0
NAK = 0xC1
NO_SESSION = 0xC2
STALE = 0xC3
ORDER = 0xC4
REFUSED = 0xC5
EVENT = 0xC6

MAGIC = b"EMG?"
UNIT = 32
"""Chunks begin at multiples of this many bytes, and only a window's last one may end elsewhere."""

READ_INFO = 0
READ_OUTPUT = 1
READ_CHECKSUMS = 2
READ_STEP = 3

_HELLO = struct.Struct("<4sH")
_WELCOME = struct.Struct("<HBBIIIHI")
_CHUNK = struct.Struct("<III")
_TAKEN = struct.Struct("<IHB")
_RESULT = struct.Struct("<BBHIII")
_READ = struct.Struct("<BBHIH")
_DATA = struct.Struct("<BBHII")
_PONG = struct.Struct("<IIIII")
_CHECKSUM = struct.Struct("<II")
_U32 = struct.Struct("<I")
_U16 = struct.Struct("<H")

LEAST_PAYLOAD = _CHUNK.size + UNIT
"""The shortest payload limit of a device that can take a window, in bytes."""
LEAST_BUFFER = 59
"""The smallest receive buffer: one chunk of one unit in the binary encoding, in bytes."""
CHECKSUM_SIZE = _CHECKSUM.size
CHUNK_HEADER = _CHUNK.size
DATA_HEADER = _DATA.size
RESULT_HEADER = _RESULT.size
TAKEN_SIZE = _TAKEN.size


class SelfTest(IntEnum):
    """How the device answered its embedded known-answer window at boot."""

    NOT_RUN = 0
    PASSED = 1
    FAILED = 2


class Refusal(IntEnum):
    """Why a device did not do what a valid frame asked for."""

    UNKNOWN_TYPE = 1
    BAD_PAYLOAD = 2
    WINDOW_LENGTH = 3
    WINDOW_CRC = 4
    OUT_OF_RANGE = 5
    VERSION = 6


class PayloadError(ValueError):
    """A valid frame whose payload is not what its type promises: the two sides disagree."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a device says of its buffers. Sizes in bytes; depth: answers it keeps."""

    max_payload: int
    depth: int
    selftest: SelfTest
    rx_buffer: int
    input_bytes: int
    output_bytes: int
    info_bytes: int
    info_crc: int

    @classmethod
    def unpack(cls, payload: bytes) -> Welcome:
        """Raises PayloadError."""
        payload_, depth, selftest, *rest = _exactly(_WELCOME, payload)
        if depth < 1 or selftest not in list(SelfTest):
            raise PayloadError("WELCOME with impossible values")
        if payload_ < LEAST_PAYLOAD or rest[0] < LEAST_BUFFER:
            raise PayloadError(
                f"payloads of {payload_} bytes and a receive buffer of {rest[0]} hold no window"
            )
        return cls(payload_, depth, SelfTest(selftest), *rest)


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes [offset, offset + length) of the window have arrived; complete: all have, inference starts."""

    offset: int
    length: int
    complete: bool

    @classmethod
    def unpack(cls, payload: bytes) -> Taken:
        """Raises PayloadError."""
        offset, length, flags = _exactly(_TAKEN, payload)
        return cls(offset, length, bool(flags & 1))


@dataclass(frozen=True, slots=True)
class Result:
    """An inference's outcome. ticks: emg_model_invoke from entry to return; data: the output's first bytes.

    input_crc: CRC-32 of the window that was really inferred; total: bytes of the whole output.
    """

    total: int
    input_crc: int
    ticks: int
    data: bytes

    @classmethod
    def unpack(cls, payload: bytes) -> Result:
        """Raises PayloadError."""
        _, _, count, total, input_crc, ticks = _prefix(_RESULT, payload)
        data = payload[_RESULT.size :]
        if len(data) != count or count > total:
            raise PayloadError("RESULT with a wrong length")
        return cls(total, input_crc, ticks, data)


@dataclass(frozen=True, slots=True)
class Data:
    """A piece of something longer, from `offset` on; total: bytes of the whole."""

    what: int
    reference: int
    offset: int
    total: int
    data: bytes

    @classmethod
    def unpack(cls, payload: bytes) -> Data:
        """Raises PayloadError."""
        what, _, reference, offset, total = _prefix(_DATA, payload)
        return cls(what, reference, offset, total, payload[_DATA.size :])


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a device with taps keeps of one step's output: how many bytes, and their CRC-32."""

    size: int
    crc: int

    @classmethod
    def unpack_all(cls, data: bytes) -> list[Checksum]:
        """One of each step. Raises PayloadError."""
        if len(data) % _CHECKSUM.size:
            raise PayloadError(f"checksums of {len(data)} bytes")
        return [cls(*pair) for pair in _CHECKSUM.iter_unpack(data)]


@dataclass(frozen=True, slots=True)
class Pong:
    """Counters since the device's reset, modulo 2^32. stack_used: bytes, 0 where it cannot tell."""

    inferences: int
    frames: int
    frames_rejected: int
    rx_dropped: int
    stack_used: int

    @classmethod
    def unpack(cls, payload: bytes) -> Pong:
        """Raises PayloadError."""
        return cls(*_exactly(_PONG, payload))


def hello(reply_limit: int) -> bytes:
    """reply_limit: most output bytes in one RESULT or DATA."""
    return _HELLO.pack(MAGIC, reply_limit)


def chunk(window_length: int, window_crc: int, offset: int, data: bytes) -> bytes:
    """Part of a window. Without data it asks how that window stands."""
    return _CHUNK.pack(window_length, window_crc, offset) + data


def read(what: int, reference: int, offset: int, count: int) -> bytes:
    """Ask for bytes [offset, offset + count) of the device's facts, an answer's output, or a READ_* more."""
    return _READ.pack(what, 0, reference, offset, count)


def u32(value: int) -> bytes:
    """The payload of BAUD."""
    return _U32.pack(value)


def unpack_u16(payload: bytes) -> int:
    """The payload of ORDER: the sequence number that the device waits for. Raises PayloadError."""
    return int(_exactly(_U16, payload)[0])


def _exactly(layout: struct.Struct, payload: bytes) -> tuple[int, ...]:
    if len(payload) != layout.size:
        raise PayloadError(f"payload of {len(payload)} bytes where {layout.size} are due")
    return layout.unpack(payload)


def _prefix(layout: struct.Struct, payload: bytes) -> tuple[int, ...]:
    if len(payload) < layout.size:
        raise PayloadError(f"payload of {len(payload)} bytes where at least {layout.size} are due")
    return layout.unpack_from(payload)
