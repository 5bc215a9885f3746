"""ELF files (System V ABI, chapters 4 and 5): 32 and 64 bit, little endian. The one reader of them here.

A file may be somebody else's or damaged: reading raises ValueError, IndexError or struct.error, which
`reading` turns into one sentence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.errors import InputError

ARM, X86_64 = 40, 62
SYMBOL_TABLE, RELA, NO_BYTES, REL = 2, 4, 8, 9
LOADED = 1
UNTYPED, FUNCTION, SECTION = 0, 2, 3

_LONGEST_NAME = 4096


@dataclass(frozen=True)
class SectionHeader:
    """A section as the file describes it; offset and size in bytes, link and info: mostly indices of sections."""

    name_at: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int


@dataclass(frozen=True)
class SegmentHeader:
    """A segment: where its `stored` bytes lie in the file, and what `size` bytes they become in memory."""

    kind: int
    offset: int
    address: int
    load: int
    stored: int
    size: int


@dataclass(frozen=True)
class Symbol:
    """An entry of a symbol table. home: index of its section, 0 where it is defined elsewhere."""

    name: str
    value: int
    size: int
    kind: int
    home: int


@dataclass(frozen=True)
class _Form:
    """How one class of files lays out what both have; entries in the order of the standard."""

    header: str
    section: str
    segment: str
    symbol: str


_FORMS = {
    1: _Form("<16xHHIIIIIHHHHHH", "<IIIIIIIIII", "<IIIIIIII", "<IIIBBH"),
    2: _Form("<16xHHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IIQQQQQQ", "<IBBHQQ"),
}
_RELOCATIONS = {(REL, False): "<II", (RELA, False): "<III", (RELA, True): "<QQQ", (REL, True): "<QQ"}


class Elf:
    """The headers of an ELF file, and what they lead to. `wide`: of 64 bits."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"\x7fELF" or data[5] != 1 or data[4] not in _FORMS:
            raise ValueError("no little-endian ELF file")
        self._data = data
        self._form = _FORMS[data[4]]
        self.wide = data[4] == 2
        header = struct.unpack_from(self._form.header, data)
        self.machine = header[1]
        self.segments = tuple(map(self._segment, self._table(self._form.segment, header[4], *header[8:10])))
        self.sections = tuple(map(_section, self._table(self._form.section, header[5], *header[10:12])))
        self._names = header[12]

    def _table(self, form: str, at: int, size: int, count: int) -> Iterator[tuple[int, ...]]:
        return (struct.unpack_from(form, self._data, at + i * size) for i in range(count))

    def _segment(self, entry: tuple[int, ...]) -> SegmentHeader:
        if self.wide:
            kind, _, offset, address, load, stored, size, _ = entry
        else:
            kind, offset, address, load, stored, size, _, _ = entry
        return SegmentHeader(kind, offset, address, load, stored, size)

    def name(self, section: SectionHeader) -> str:
        """The name of a section."""
        return self._text(self.sections[self._names].offset + section.name_at)

    def bytes_of(self, offset: int, size: int) -> bytes:
        """A piece of the file."""
        return self._data[offset : offset + size]

    def symbols(self, table: SectionHeader) -> Iterator[Symbol]:
        """The entries of a symbol table, in the file's order."""
        step = struct.calcsize(self._form.symbol)
        for index in range(table.size // step):
            yield self.symbol(table, index)

    def symbol(self, table: SectionHeader, index: int) -> Symbol:
        """One entry of a symbol table."""
        step = struct.calcsize(self._form.symbol)
        entry = struct.unpack_from(self._form.symbol, self._data, table.offset + index * step)
        if self.wide:
            name_at, info, _, home, value, size = entry
        else:
            name_at, value, size, info, _, home = entry
        name = self._text(self.sections[table.link].offset + name_at)
        return Symbol(name, value, size, info & 15, home)

    def relocations(self, section: SectionHeader) -> Iterator[tuple[int, int]]:
        """(type, symbol index) of each entry of a section of kind REL or RELA."""
        form = _RELOCATIONS[section.kind, self.wide]
        for entry in struct.iter_unpack(form, self.bytes_of(section.offset, section.size)):
            info = entry[1]
            yield (info & 0xFFFFFFFF, info >> 32) if self.wide else (info & 0xFF, info >> 8)

    def _text(self, start: int) -> str:
        end = self._data.index(b"\0", start, start + _LONGEST_NAME)
        return self._data[start:end].decode(errors="replace")


def _section(entry: tuple[int, ...]) -> SectionHeader:
    return SectionHeader(*entry[:8])


@contextmanager
def reading(path: Path, what: str, hint: str) -> Iterator[None]:
    """Damage met inside the block becomes `InputError("PATH is no WHAT", hint)`."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint) from error
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no {what}", hint) from error
