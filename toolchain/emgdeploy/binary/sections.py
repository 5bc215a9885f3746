"""The sections of a linked file: where each lies, where it is loaded from, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.binary.elf import LOADED, NO_BYTES, Elf, SectionHeader, reading

_WRITE, _ALLOC, _EXECUTE = 1, 2, 4


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
class Totals:
    """Bytes by kind, over a whole image."""

    text: int
    rodata: int
    data: int
    bss: int


def sections(path: Path) -> list[Section]:
    """The sections of `path`. Raises InputError when it is no ELF file of a known kind."""
    with reading(path, "ELF file that can be read", "build it again"):
        elf = Elf(path.read_bytes())
        return [_section(elf, header) for header in elf.sections[1:]]


def _section(elf: Elf, header: SectionHeader) -> Section:
    load = header.address
    for segment in elf.segments:
        at = header.address - segment.address
        if segment.kind == LOADED and 0 <= at < max(segment.size, 1):
            load = segment.load + at
    return Section(
        name=elf.name(header),
        address=header.address,
        size=header.size,
        load=load,
        in_memory=bool(header.flags & _ALLOC),
        has_bytes=header.kind != NO_BYTES,
        writable=bool(header.flags & _WRITE),
        executable=bool(header.flags & _EXECUTE),
    )


def totals(found: Sequence[Section]) -> Totals:
    """Sum the sections of an image that occupy memory at run time; a reserved stack is not counted."""
    sums = {"text": 0, "rodata": 0, "data": 0, "bss": 0}
    for section in found:
        if section.in_memory and section.name != ".stack":
            sums[_kind(section)] += section.size
    return Totals(**sums)


def _kind(section: Section) -> str:
    if section.executable:
        return "text"
    if not section.writable:
        return "rodata"
    return "data" if section.has_bytes else "bss"
