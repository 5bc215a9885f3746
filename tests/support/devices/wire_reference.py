"""A second decoder of the wire, from docs/protocol.md alone, and streams to try both with."""

from __future__ import annotations

import random
from dataclasses import dataclass

from emgdeploy.link import framing
from emgdeploy.link.framing import Decoder, Frame

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
LONGEST = 12 + 1024


@dataclass(frozen=True)
class Body:
    """A frame's bytes, checksum included, and its encoding."""

    data: bytes
    text: bool


def slow_crc32(data: bytes) -> int:
    """Bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frames(stream: bytes, longest: int = LONGEST) -> list[Body]:
    """All frames of the whole stream, in the order of their last bytes."""
    found: list[tuple[int, Body]] = []
    start = 0
    for at, byte in enumerate(stream):
        if byte == 0:
            body = _unstuff(list(stream[start:at]))
            if body is not None and _sound(body, longest):
                found.append((at, Body(body, text=False)))
            start = at + 1
        elif byte == ord("}"):
            body = _text_before(stream, at)
            if body is not None and _sound(body, longest):
                found.append((at, Body(body, text=True)))
    return [body for _, body in sorted(found, key=lambda pair: pair[0])]


def _sound(body: bytes, longest: int) -> bool:
    return 12 <= len(body) <= longest and slow_crc32(body[:-4]) == int.from_bytes(body[-4:], "little")


def _unstuff(chunk: list[int]) -> bytes | None:
    out: list[int] = []
    while chunk:
        code, chunk = chunk[0], chunk[1:]
        if len(chunk) < code - 1:
            return None
        out += chunk[: code - 1]
        chunk = chunk[code - 1 :]
        if code < 255 and chunk:
            out.append(0)
    return bytes(out)


def _text_before(stream: bytes, end: int) -> bytes | None:
    start = end
    while start > 0 and chr(stream[start - 1]) in _DIGITS:
        start -= 1
    if start == 0 or stream[start - 1] != ord("{"):
        return None
    bits = "".join(f"{_DIGITS.index(chr(byte)):06b}" for byte in stream[start:end])
    whole, rest = bits[: len(bits) // 8 * 8], bits[len(bits) // 8 * 8 :]
    if len(rest) >= 6 or "1" in rest:
        return None
    return bytes(int(whole[i : i + 8], 2) for i in range(0, len(whole), 8))


def random_stream(draw: random.Random, encoded: list[bytes]) -> bytes:
    """Some of `encoded` and junk one after the other, then damaged in a few places, or not."""
    parts = []
    for _ in range(draw.randint(1, 3)):
        junk = bytes(draw.choice(b"\0{}\nA+/=\xff\x01xyz ") for _ in range(draw.randint(1, 12)))
        parts.append(junk if draw.random() < 0.3 else draw.choice(encoded))
    stream = bytearray(b"".join(parts))
    for _ in range(draw.choice((0, 0, 1, 2))):
        at = draw.randrange(len(stream))
        kind = draw.randrange(3)
        if kind == 0:
            stream[at] = draw.randrange(256)
        elif kind == 1 and len(stream) > 1:
            del stream[at]
        else:
            stream.insert(at, draw.randrange(256))
    return bytes(stream)


def compare_random_streams(count: int, seed: int) -> int:
    """How many frames were accepted, all of them by both decoders and in the same order."""
    draw = random.Random(seed)
    encoded = [framing.encode(_random_frame(draw)) for _ in range(200)]
    accepted = 0
    for _ in range(count):
        stream = random_stream(draw, encoded)
        cut = draw.randrange(len(stream) + 1)
        decoder = Decoder()
        events = decoder.feed(stream[:cut]) + decoder.feed(stream[cut:])
        ours = [Body(_body_of(event), event.text) for event in events if isinstance(event, Frame)]
        assert ours == frames(stream), stream.hex()
        accepted += len(ours)
    return accepted


def _random_frame(draw: random.Random) -> Frame:
    payload = (
        draw.randbytes(draw.choice((0, 1, 5, 20))) if draw.random() < 0.7 else bytes(draw.choice((3, 30)))
    )
    return Frame(
        draw.randrange(256), draw.getrandbits(32), draw.randrange(65536), payload, draw.random() < 0.5
    )


def _body_of(frame: Frame) -> bytes:
    head = framing.HEADER.pack(frame.version, frame.type, frame.session, frame.sequence) + frame.payload
    return head + slow_crc32(head).to_bytes(4, "little")
