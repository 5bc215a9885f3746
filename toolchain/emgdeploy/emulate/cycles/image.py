"""A firmware image for a 32-bit Arm core: what lies where, and which function owns an address."""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.binary.elf import ARM, FUNCTION, LOADED, SYMBOL_TABLE, UNTYPED, Elf, Symbol, reading
from emgdeploy.errors import InputError

# Peripherals and the system region lie above; a microcontroller's memories are far smaller.
_REGION_END, _MOST_MEMORY = 0x4000_0000, 1 << 28


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
    """The loaded parts of an ELF file and its functions, by address."""

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

    def named_like(self, name: str) -> str:
        """The function of that name, or the one that `build --name` gave another prefix: `hand_model_run`."""
        ending = name[name.index("_") :]
        others = [one for one in self._by_name if one.endswith(ending)]
        return others[0] if name not in self._by_name and len(others) == 1 else name

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
    with reading(path, "executable for a 32-bit Arm core", "profile a build for a Cortex-M board"):
        return _image(Elf(path.read_bytes()))


def _image(elf: Elf) -> Image:
    if elf.wide or elf.machine != ARM:
        raise ValueError("not for a 32-bit Arm core")
    segments = tuple(
        Segment(s.address, elf.bytes_of(s.offset, min(s.stored, s.size)), s.size)
        for s in elf.segments
        if s.kind == LOADED and s.size > 0
    )
    if (
        any(s.address + s.size > _REGION_END for s in segments)
        or sum(s.size for s in segments) > _MOST_MEMORY
    ):
        raise ValueError("segments where no memory is")
    tables = (section for section in elf.sections if section.kind == SYMBOL_TABLE)
    symbols = [symbol for table in tables for symbol in elf.symbols(table) if symbol.home != 0]
    functions = _functions([symbol for symbol in symbols if symbol.kind == FUNCTION])
    return Image(
        segments, functions, {symbol.name: symbol.value for symbol in symbols if symbol.kind == UNTYPED}
    )


def _functions(symbols: list[Symbol]) -> tuple[Function, ...]:
    found: dict[int, Symbol] = {}
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


def _plainness(symbol: Symbol) -> tuple[bool, int, str]:
    return symbol.size == 0, symbol.name.count("_"), symbol.name
