"""docs/protocol.md is what both sides do: its test vectors, and its type numbers."""

from __future__ import annotations

import re
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from emgdeploy.link import framing, live, wire
from emgdeploy.link.framing import Decoder, Frame

_PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
_SESSION = 0x51E55104


@dataclass(frozen=True)
class Vector:
    name: str
    frame: Frame
    coded: bytes


def _vectors() -> list[Vector]:
    found = []
    for line in _PAGE.split("## Test vectors")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        match = re.fullmatch(r".*`(.+)`", line.strip(" |"))
        if match is None or len(cells) < 4:
            continue
        coded, text = match.group(1), match.group(1).startswith("{")
        payload = bytes.fromhex(cells[3]) if len(cells) == 5 else b""
        kind = int(cells[1], 16)
        session = 0 if kind == wire.BOOT else _SESSION
        frame = Frame(kind, session, int(cells[2], 16), payload, text)
        found.append(Vector(cells[0], frame, coded.encode() + b"\n" if text else bytes.fromhex(coded)))
    return found


VECTORS = _vectors()


def _types_of_the_page() -> dict[str, int]:
    found = re.findall(r"(?<=\| )([A-Z_]{3,}) \| ([0-9A-F]{2}) \|", _PAGE)
    return {name: int(number, 16) for name, number in found}


def test_there_is_a_vector_for_every_type() -> None:
    assert {vector.frame.type for vector in VECTORS} == set(_types_of_the_page().values())
    assert sum(vector.frame.text for vector in VECTORS) == 3


def test_payloads_say_what_their_types_promise() -> None:
    """Each answer unpacks; those that the text above describes in numbers have these."""
    unpack: dict[int, Callable[[bytes], object]] = {
        wire.WELCOME: wire.Welcome.unpack,
        wire.TAKEN: wire.Taken.unpack,
        wire.RESULT: wire.Result.unpack,
        wire.DATA: wire.Data.unpack,
        wire.PONG: wire.Pong.unpack,
        wire.ORDER: wire.unpack_u16,
    }
    said = {v.name: unpack[v.frame.type](v.frame.payload) for v in VECTORS if v.frame.type in unpack}
    assert said["welcome"] == wire.Welcome(
        240, 4, wire.SelfTest.PASSED, 256, 40, 3, 8, zlib.crc32(b"\1\6native")
    )
    assert said["pong"] == wire.Pong(5, 17, 1, 0, 680) and said["another window first"] == 0xFFFE
    checksums = said["checksums of two layers"]
    assert isinstance(checksums, wire.Data) and checksums.what == wire.READ_CHECKSUMS
    assert wire.Checksum.unpack_all(checksums.data)[0] == wire.Checksum(40, zlib.crc32(bytes(range(40))))
    asked = {v.name: v.frame.payload for v in VECTORS}
    assert asked["what layer 1 made"] == wire.read(wire.READ_STEP, 1, 0, 4096)
    event = next(vector.frame for vector in VECTORS if vector.frame.type == wire.EVENT)
    assert live.Event.unpack(event).end == 50 and live.Event.unpack(event).confidence == 930
    assert asked["greeting"] == wire.hello(128) and asked["baud"] == wire.u32(921600)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_host_side(vector: Vector) -> None:
    assert framing.encode(vector.frame) == vector.coded
    assert Decoder().feed(vector.coded)[0] == vector.frame


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_device_side(vector: Vector, parser_program: Path) -> None:
    frame = vector.frame
    line = f"{int(frame.text)} {frame.type} {frame.session} {frame.sequence} {frame.payload.hex() or '-'}"
    done = subprocess.run([parser_program, "encode"], input=line, capture_output=True, text=True, check=True)
    assert bytes.fromhex(done.stdout) == vector.coded
    read = subprocess.run([parser_program, "decode"], input=vector.coded, capture_output=True, check=True)
    shown = f"{int(frame.text)} 1 {frame.type} {frame.session} {frame.sequence} {frame.payload.hex()}"
    assert read.stdout.decode().strip() == shown.strip()


def test_types_are_those_of_the_page() -> None:
    named = _types_of_the_page()
    assert len(named) == 26
    for name, number in named.items():
        assert getattr(wire, name) == number, name
