"""A firmware image for a 32-bit Arm core: what lies where, and which function owns an address."""

from __future__ import annotations

import bisect
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from emgdeploy.errors import InputError

_ARM = 40
_LONGEST_NAME = 4096
# Peripherals and the system region lie above; a microcontroller's memories are far smaller.
_REGION_END, _MOST_MEMORY = 0x4000_0000, 1 << 28
_LOAD, _SYMBOL_TABLE, _FUNCTION, _UNTYPED = 1, 2, 2, 0


@dataclass(frozen=True)
class Segment:
    """Bytes that the program expects at `address` when C code runs; `size` beyond them is zero."""

    address: int
    data: bytes
    size: int


@dataclass(frozen=True)
class Function:
    """One function: code addresses start <= a < end."""

    name: str
    start: int
    end: int


class Image:
    """The loaded parts of an ELF file (System V ABI, chapter 4) and its functions, by address."""

    def __init__(
        self, segments: tuple[Segment, ...], functions: tuple[Function, ...], marks: dict[str, int]
    ) -> None:
        self.segments = segments
        self.functions = functions
        self._marks = marks
        self._starts = [function.start for function in functions]
        self._by_name = {function.name: function for function in functions}

    def function(self, name: str) -> Function:
        """The function of that name. Raises InputError when there is none."""
        if name not in self._by_name:
            raise InputError(
                f"the image has no function {name}", "profile a firmware.elf of `emgdeploy build`"
            )
        return self._by_name[name]

    def has_function(self, name: str) -> bool:
        """Whether the linker kept a function of that name."""
        return name in self._by_name

    def mark(self, name: str) -> int | None:
        """The value of a symbol that the linker script defines, if there is one."""
        return self._marks.get(name)

    def owner(self, address: int) -> Function | None:
        """The function that `address` lies in, None for code that no symbol names."""
        at = bisect.bisect_right(self._starts, address) - 1
        if at < 0 or address >= self.functions[at].end:
            return None
        return self.functions[at]

    def code(self, address: int, size: int) -> bytes:
        """The bytes of an instruction sequence. Raises InputError outside of the image."""
        for segment in self.segments:
            at = address - segment.address
            if at >= 0 and at + size <= len(segment.data):
                return segment.data[at : at + size]
        raise InputError(f"the firmware ran code at 0x{address:08x}, outside of its image", "build it again")


def read_image(path: Path) -> Image:
    """Read an ELF file. Raises InputError when it is no Arm executable that can be read."""
    try:
        data = path.read_bytes()
        return _read(data)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "build the firmware first") from error
    except (struct.error, IndexError, ValueError) as error:
        raise InputError(
            f"{path} is no executable for a 32-bit Arm core", "profile a build for a Cortex-M board"
        ) from error


def _read(data: bytes) -> Image:
    if data[:6] != b"\x7fELF\x01\x01":
        raise ValueError("no 32-bit little-endian ELF")
    header = struct.unpack_from("<16xHHIIIIIHHHHHH", data)
    if header[1] != _ARM:
        raise ValueError("not for Arm")
    segment_at, section_at = header[4], header[5]
    segment_size, segment_count, section_size, section_count = header[8:12]
    segments = []
    for i in range(segment_count):
        kind, offset, address, _, stored, size, *_ = struct.unpack_from(
            "<8I", data, segment_at + i * segment_size
        )
        if kind == _LOAD and size > 0:
            segments.append(Segment(address, data[offset : offset + min(stored, size)], size))
    if (
        any(s.address + s.size > _REGION_END for s in segments)
        or sum(s.size for s in segments) > _MOST_MEMORY
    ):
        raise ValueError("segments where no memory is")
    sections = [struct.unpack_from("<10I", data, section_at + i * section_size) for i in range(section_count)]
    symbols = [symbol for section in sections for symbol in _symbols(data, section, sections)]
    functions = _functions([symbol for symbol in symbols if symbol.kind == _FUNCTION])
    marks = {symbol.name: symbol.value for symbol in symbols if symbol.kind == _UNTYPED}
    return Image(tuple(segments), functions, marks)


class _Symbol(NamedTuple):
    name: str
    value: int
    size: int
    kind: int


def _symbols(data: bytes, section: tuple[int, ...], sections: list[tuple[int, ...]]) -> Iterator[_Symbol]:
    """The defined symbols of a section header, if it is one of symbols."""
    if section[1] != _SYMBOL_TABLE:
        return
    names, offset, length = sections[section[6]][4], section[4], section[5]
    for at in range(offset, offset + length, 16):
        name_at, value, size, info, _, home = struct.unpack_from("<IIIBBH", data, at)
        if home == 0:
            continue
        start = names + name_at
        end = data.index(b"\0", start, start + _LONGEST_NAME)
        yield _Symbol(data[start:end].decode("ascii", "replace"), value, size, info & 15)


def _functions(symbols: list[_Symbol]) -> tuple[Function, ...]:
    found: dict[int, _Symbol] = {}
    for symbol in symbols:
        start = symbol.value & ~1
        best = found.get(start)
        # Of several names for one address, the plainest: memcpy, not __aeabi_memcpy.
        if best is None or _plainness(symbol) < _plainness(best):
            found[start] = symbol
    ordered = sorted(found)
    following = dict(itertools.pairwise(ordered))
    # Assembly without a size reaches to the next function.
    return tuple(
        Function(
            found[start].name,
            start,
            start + found[start].size if found[start].size else following.get(start, start + 2),
        )
        for start in ordered
    )


def _plainness(symbol: _Symbol) -> tuple[bool, int, str]:
    return symbol.size == 0, symbol.name.count("_"), symbol.name
