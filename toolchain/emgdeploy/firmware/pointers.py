"""Which functions have their address taken in an object file: a call through a pointer may reach them.

Every function stands in a section of its own (-ffunction-sections), so that a relocation against
the section `.text.name` is one against the function `name`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

# (e_machine, relocation types that are direct calls or jumps): "ELF for the Arm Architecture", table 5-8
# (CALL, JUMP24, THM_CALL, THM_JUMP24, THM_JUMP19, THM_JUMP11, PREL31), and the x86-64 psABI, table 4.10
# (PC32, PLT32).
_CALLS = {40: frozenset({28, 29, 10, 30, 51, 102, 42}), 62: frozenset({2, 4})}
_RELA, _REL, _SYMTAB = 4, 9, 2
_FUNCTION, _SECTION = 2, 3
# Unwind and debug tables name every function, and the vector table's entries are known handlers.
_NO_CODE_POINTERS = (".debug", ".eh_frame", ".ARM.exidx", ".vectors", ".rel.debug")


def addresses_taken(path: Path) -> set[str]:
    """Names of functions that the object uses as a value. Raises ValueError for an unknown machine."""
    return set(_Object(path.read_bytes()).taken())


class _Object:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._wide = data[4] == 2
        header = struct.unpack_from("<16xHHIQQQIHHHHHH" if self._wide else "<16xHHIIIIIHHHHHH", data)
        self._machine = header[1]
        if self._machine not in _CALLS:
            raise ValueError(f"unknown machine {self._machine}")
        at, size, count, names = header[5], header[10], header[11], header[12]
        layout = "<IIQQQQIIQQ" if self._wide else "<IIIIIIIIII"
        self._sections = [struct.unpack_from(layout, data, at + i * size) for i in range(count)]
        self._names = names

    def taken(self) -> Iterator[str]:
        for section in self._sections:
            if section[1] not in (_REL, _RELA):
                continue
            target = self._section_name(section[7])
            if target.startswith(_NO_CODE_POINTERS):
                continue
            symbols = self._sections[section[6]]
            for kind, symbol in self._relocations(section):
                name = self._function(symbols, symbol)
                if name and kind not in _CALLS[self._machine]:
                    yield name

    def _relocations(self, section: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        """(type, symbol index) of each entry."""
        at, size = section[4], section[5]
        layout = {(_REL, False): "<II", (_RELA, False): "<III", (_RELA, True): "<QQQ", (_REL, True): "<QQ"}
        form = layout[section[1], self._wide]
        for entry in struct.iter_unpack(form, self._data[at : at + size]):
            info = entry[1]
            yield (info & 0xFFFFFFFF, info >> 32) if self._wide else (info & 0xFF, info >> 8)

    def _function(self, symbols: tuple[int, ...], index: int) -> str:
        """The function a symbol stands for, "" for anything else."""
        at = symbols[4] + index * symbols[9]
        if self._wide:
            name, info, _, section = struct.unpack_from("<IBBH", self._data, at)
        else:
            name, _, _, info, _, section = struct.unpack_from("<IIIBBH", self._data, at)
        if info & 15 == _SECTION:
            text = self._section_name(section)
            return text.removeprefix(".text.") if text.startswith(".text.") else ""
        return self._string(self._sections[symbols[6]][4], name) if self._is_function(info, section) else ""

    @staticmethod
    def _is_function(info: int, section: int) -> bool:
        """Functions of this object, and undefined symbols, which may be functions of another."""
        return info & 15 == _FUNCTION or section == 0

    def _section_name(self, index: int) -> str:
        return self._string(self._sections[self._names][4], self._sections[index][0])

    def _string(self, table: int, at: int) -> str:
        return self._data[table + at : self._data.index(b"\0", table + at)].decode(errors="replace")
