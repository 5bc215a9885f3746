"""Damage in an image that no source knows of: a byte of one of its constants."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from support.inputs.sealing import seal


def poke(elf: Path, symbol: str, at: int, mask: int) -> None:
    """Exclusive-or the byte at offset `at` of `symbol`'s constant with `mask`."""
    value, size, section = _symbol(elf, symbol)
    assert at < size
    address, offset = _section(elf, section)
    data = bytearray(elf.read_bytes())
    data[offset + value - address + at] ^= mask
    elf.write_bytes(data)
    seal(elf.parent)


def constants(elf: Path) -> dict[str, int]:
    """Size of each, by its name."""
    return {name: int(size) for _, size, _, name in _objects(elf)}


def _symbol(elf: Path, name: str) -> tuple[int, int, int]:
    """(address, size, number of its section)."""
    found = [entry for entry in _objects(elf) if entry[3] == name]
    assert len(found) == 1, f"{elf} has {len(found)} constants {name}"
    value, size, section, _ = found[0]
    return int(value, 16), int(size), int(section)


def _objects(elf: Path) -> list[tuple[str, str, str, str]]:
    """(address, size, section, name) as written by readelf."""
    pattern = r"^ *\d+: ([0-9a-f]+) +(\d+) OBJECT .* (\d+) (\w+)$"
    return re.findall(pattern, _readelf(elf, "-s"), re.MULTILINE)


def _section(elf: Path, number: int) -> tuple[int, int]:
    """(address, offset in the file)."""
    found = re.search(
        rf"^ *\[ *{number}\] \S+ +\S+ +([0-9a-f]+) ([0-9a-f]+)", _readelf(elf, "-S"), re.MULTILINE
    )
    assert found is not None
    return int(found[1], 16), int(found[2], 16)


def _readelf(elf: Path, what: str) -> str:
    return subprocess.run(["readelf", "-W", what, elf], capture_output=True, text=True, check=True).stdout
