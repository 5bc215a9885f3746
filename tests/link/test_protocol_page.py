"""docs/protocol.md is what both sides do: its test vectors, and its type numbers."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from emgdeploy.link import framing, wire
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
        frame = Frame(int(cells[1], 16), _SESSION, int(cells[2], 16), payload, text)
        found.append(Vector(cells[0], frame, coded.encode() + b"\n" if text else bytes.fromhex(coded)))
    return found


VECTORS = _vectors()


def test_there_are_vectors() -> None:
    assert len(VECTORS) == 8 and sum(vector.frame.text for vector in VECTORS) == 2


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
    named = dict(re.findall(r"(?<=\| )([A-Z_]{3,}) \| ([0-9A-F]{2}) \|", _PAGE))
    assert len(named) == 19
    for name, number in named.items():
        assert getattr(wire, name) == int(number, 16), name
