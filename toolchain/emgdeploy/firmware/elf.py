"""Sections of an ELF file (System V ABI, chapter 4), 32 and 64 bit, little endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.errors import InputError

_WRITE, _ALLOC, _EXECUTE = 1, 2, 4
_NOBITS = 8


@dataclass(frozen=True)
class Section:
    """One section; address and size in bytes. load: where its bytes lie before start-up copies them."""

    name: str
    address: int
    size: int
    load: int
    in_memory: bool
    has_bytes: bool
    writable: bool
    executable: bool


@dataclass(frozen=True)
class _Layout:
    header: str
    section: str
    segment: str


_LAYOUTS = {
    1: _Layout("<16xHHIIIIIHHHHHH", "<IIIIIIIIII", "<IIIIIIII"),
    2: _Layout("<16xHHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IIQQQQQQ"),
}


def sections(path: Path) -> list[Section]:
    """The sections of `path`. Raises InputError when it is no ELF file of a known kind."""
    data = path.read_bytes()
    try:
        return _sections(data)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no ELF file that can be read", "build it again") from error


def _sections(data: bytes) -> list[Section]:
    if data[:4] != b"\x7fELF" or data[5] != 1:
        raise ValueError("no little-endian ELF")
    layout = _LAYOUTS[data[4]]
    header = struct.unpack_from(layout.header, data)
    segment_at, section_at = header[4], header[5]
    segment_size, segment_count, section_size, section_count, names_index = header[8:13]
    raw = [
        struct.unpack_from(layout.section, data, section_at + i * section_size) for i in range(section_count)
    ]
    segments = [
        struct.unpack_from(layout.segment, data, segment_at + i * segment_size) for i in range(segment_count)
    ]
    names = raw[names_index][4]
    loads = [_addresses(segment, data[4]) for segment in segments if segment[0] == 1]
    return [_section(entry, data, names, loads) for entry in raw[1:]]


def _addresses(segment: tuple[int, ...], kind: int) -> tuple[int, int, int]:
    """(virtual address, physical address, size in memory) of a PT_LOAD segment."""
    return (segment[2], segment[3], segment[5]) if kind == 1 else (segment[3], segment[4], segment[6])


def _section(entry: tuple[int, ...], data: bytes, names: int, loads: list[tuple[int, int, int]]) -> Section:
    name_at, kind, flags, address, _, size = entry[:6]
    name = data[names + name_at : data.index(b"\0", names + name_at)].decode(errors="replace")
    load = address
    for virtual, physical, length in loads:
        if virtual <= address < virtual + max(length, 1):
            load = physical + (address - virtual)
    return Section(
        name=name,
        address=address,
        size=size,
        load=load,
        in_memory=bool(flags & _ALLOC),
        has_bytes=kind != _NOBITS,
        writable=bool(flags & _WRITE),
        executable=bool(flags & _EXECUTE),
    )
