"""Frames to bytes and bytes to frames, without a port (docs/protocol.md, "Frames").

A frame is version u8, type u8, session u32, sequence u16, payload, CRC-32 over all before it,
little-endian. It travels in one of two encodings: binary, `00 COBS(frame) 00`, or text-safe,
`{` base64 `}` LF, for paths that translate or eat control bytes. Both decoders run side by side on
every byte received and share nothing.
"""

from __future__ import annotations

import binascii
import re
import struct
import zlib
from dataclasses import dataclass

from emgdeploy.link import cobs

VERSION = 1
HEADER = struct.Struct("<BBIH")
OVERHEAD = HEADER.size + 4
"""Bytes of a frame beside its payload."""
MAX_PAYLOAD = 1024
"""The longest payload any side may send; a device announces how much of it it takes."""

_MAX_FRAME = OVERHEAD + MAX_PAYLOAD
_MAX_STUFFED = _MAX_FRAME + -(-_MAX_FRAME // 254)
_MAX_BODY = -(-_MAX_FRAME * 4 // 3)
_TEXT_FRAME = re.compile(rb"\{([A-Za-z0-9+/]*)\}")
# What is left of a text frame when a byte of it was changed or lost. Looking behind keeps a long run of
# letters from being searched once for each of them.
_BROKEN_TEXT_FRAME = re.compile(rb"\{[A-Za-z0-9+/]{8,}|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{8,}\}")
# Printable text (ASCII or what UTF-8 uses), and the control bytes that a terminal's user meets: bell,
# backspace, tab, carriage return, the escape that colours a log.
_TEXT_RUN = re.compile(rb"[\a\b\t\r\x1b\x20-\x7e\x80-\xf4]*")
_LINE_INSIDE = re.compile(rb"[\t\x1b\x20-\x7e]{8,}\r?\n")


@dataclass(frozen=True, slots=True)
class Frame:
    """One valid frame. text: it came, or is to go, in the text-safe encoding."""

    type: int
    session: int
    sequence: int
    payload: bytes = b""
    text: bool = False
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class LogLine:
    """Bytes outside all frames that read as text, without their line end."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that are in no valid frame and no log line."""

    data: bytes


Event = Frame | LogLine | Rejected


def encode(frame: Frame) -> bytes:
    """The bytes of `frame` on the wire, delimiters included, in the encoding that it asks for."""
    body = HEADER.pack(frame.version, frame.type, frame.session, frame.sequence) + frame.payload
    body += zlib.crc32(body).to_bytes(4, "little")
    if frame.text:
        return b"{" + binascii.b2a_base64(body, newline=False).rstrip(b"=") + b"}\n"
    return b"\0" + cobs.encode(body) + b"\0"


def encoded_size(payload: int, text: bool) -> int:
    """Most bytes that a frame with `payload` bytes takes on the wire."""
    size = OVERHEAD + payload
    return 3 + -(-size * 4 // 3) if text else 2 + size + -(-size // 254)


def payload_limit(wire_bytes: int, text: bool) -> int:
    """The longest payload whose frame takes at most `wire_bytes` on the wire; below 0 when none does."""
    size = (wire_bytes - 3) * 3 // 4 if text else wire_bytes - 2 - -(-(wire_bytes - 2) // 255)
    return min(size - OVERHEAD, MAX_PAYLOAD)


def hides_text_frame(encoded: bytes) -> bool:
    """Whether a binary frame's bytes would be taken for a text frame by the decoder beside it."""
    return b"{" in encoded and any(_text_frame(match.group(1)) for match in _TEXT_FRAME.finditer(encoded))


def _unpack(body: bytes, text: bool) -> Frame | None:
    if not OVERHEAD <= len(body) <= _MAX_FRAME:
        return None
    if zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
        return None
    version, kind, session, sequence = HEADER.unpack_from(body)
    return Frame(kind, session, sequence, body[HEADER.size : -4], text, version)


def _binary_frame(chunk: bytes) -> Frame | None:
    body = cobs.decode(chunk) if len(chunk) <= _MAX_STUFFED else None
    return _unpack(body, text=False) if body is not None else None


def _text_frame(characters: bytes) -> Frame | None:
    if len(characters) > _MAX_BODY or len(characters) % 4 == 1:
        return None
    body = binascii.a2b_base64(characters + b"=" * (-len(characters) % 4))
    # Bits that no byte needs must be zero, so that every frame has exactly one text form.
    if binascii.b2a_base64(body, newline=False).rstrip(b"=") != characters:
        return None
    return _unpack(body, text=True)


class Decoder:
    """Received bytes -> events, in any cut: the frames do not depend on how the bytes were read.

    text_only: no binary frame is expected, so text is reported at each line end instead of at the
    next zero byte.
    """

    def __init__(self, text_only: bool = False) -> None:
        self.text_only = text_only
        self._chunk = bytearray()  # since the last zero byte
        self._scanned = 0  # so far searched for text frames
        self._loose: list[bytes] = []  # bytes of the chunk that are in no text frame, before _from
        self._from = 0
        self._overlong = False

    def feed(self, data: bytes) -> list[Event]:
        """What became certain with `data`."""
        events: list[Event] = []
        *chunks, rest = data.split(b"\0")
        for chunk in chunks:
            self._chunk += chunk
            self._scan(events)
            self._end_chunk(events)
        self._chunk += rest
        self._scan(events)
        self._release(events)
        return events

    def flush(self) -> list[Event]:
        """Nothing more will come: what the bytes in hand are."""
        events: list[Event] = []
        self._drain(len(self._chunk), events)
        self._reset()
        return events

    def _reset(self) -> None:
        self._chunk.clear()
        self._loose.clear()
        self._scanned = self._from = 0
        self._overlong = False

    def _scan(self, events: list[Event]) -> None:
        """Find the text frames of the open chunk."""
        end = self._chunk.find(b"}", self._scanned)
        while end >= 0:
            start = self._chunk.rfind(b"{", self._from, end)
            match = _TEXT_FRAME.fullmatch(self._chunk, start, end + 1) if start >= 0 else None
            frame = _text_frame(bytes(match.group(1))) if match else None
            if frame is not None:
                self._loose.append(bytes(self._chunk[self._from : start]))
                self._from = end + 1
                events.append(frame)
            self._scanned = end + 1
            end = self._chunk.find(b"}", self._scanned)
        self._scanned = len(self._chunk)

    def _end_chunk(self, events: list[Event]) -> None:
        frame = None if self._overlong else _binary_frame(bytes(self._chunk))
        if frame is not None:
            events.append(frame)
        else:
            self._drain(len(self._chunk), events)
        self._reset()

    def _release(self, events: list[Event]) -> None:
        """Report text early where no binary frame can come of it, so that memory stays bounded."""
        self._overlong = self._overlong or len(self._chunk) > _MAX_STUFFED
        if not (self.text_only or self._overlong):
            return
        end = self._chunk.rfind(b"\n", self._from) + 1
        if not end and len(self._chunk) - self._from > _MAX_STUFFED:
            end = self._text_frame_start()
        if end:
            self._drain(end, events)
            del self._chunk[:end]
            self._scanned = len(self._chunk)
            self._from = 0

    def _text_frame_start(self) -> int:
        """Where a text frame begins whose end may still come; the end of the chunk when none does."""
        start = self._chunk.rfind(b"{", self._from)
        possible = start >= 0 and len(self._chunk) - start <= _MAX_BODY + 1
        return start if possible else len(self._chunk)

    def _drain(self, end: int, events: list[Event]) -> None:
        for piece in (*self._loose, bytes(self._chunk[self._from : end])):
            if piece.strip(b"\r\n"):
                events += _classify(piece)
        self._loose.clear()
        self._from = end


def _classify(piece: bytes) -> list[Event]:
    """Bytes outside frames as log lines and rejected ones, in order."""
    lines = piece.split(b"\n")
    if all(_TEXT_RUN.fullmatch(line) for line in lines):
        return [_line(line) for line in lines if line.strip()]
    events: list[Event] = []
    position = 0
    for match in _LINE_INSIDE.finditer(piece):
        if match.start() > position:
            events.append(Rejected(piece[position : match.start()]))
        events.append(_line(match.group().rstrip(b"\n")))
        position = match.end()
    if position < len(piece):
        events.append(Rejected(piece[position:]))
    return events


def _line(line: bytes) -> Event:
    return Rejected(line) if _BROKEN_TEXT_FRAME.search(line) else LogLine(line.rstrip(b"\r"))
