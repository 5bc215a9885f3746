"""Which functions have their address taken in an object file: a call through a pointer may reach them.

Every function stands in a section of its own (-ffunction-sections), so that a relocation against
the section `.text.name` is one against the function `name`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from emgdeploy.binary import elf
from emgdeploy.binary.elf import Elf, Symbol

# (e_machine, relocation types that are direct calls or jumps): "ELF for the Arm Architecture", table 5-8
# (CALL, JUMP24, THM_CALL, THM_JUMP24, THM_JUMP19, THM_JUMP11, PREL31), and the x86-64 psABI, table 4.10
# (PC32, PLT32).
_CALLS = {elf.ARM: frozenset({28, 29, 10, 30, 51, 102, 42}), elf.X86_64: frozenset({2, 4})}
# Unwind and debug tables name every function, and the vector table's entries are known handlers.
_NO_CODE_POINTERS = (".debug", ".eh_frame", ".ARM.exidx", ".vectors", ".rel.debug")


def addresses_taken(path: Path) -> set[str]:
    """Names of functions that the object uses as a value. Raises ValueError for an unknown machine."""
    file = Elf(path.read_bytes())
    if file.machine not in _CALLS:
        raise ValueError(f"unknown machine {file.machine}")
    return set(_taken(file))


def _taken(file: Elf) -> Iterator[str]:
    for section in file.sections:
        if section.kind not in (elf.REL, elf.RELA):
            continue
        # sh_info of a relocation section is the section that it changes.
        if file.name(file.sections[section.info]).startswith(_NO_CODE_POINTERS):
            continue
        symbols = file.sections[section.link]
        for kind, index in file.relocations(section):
            name = _function(file, file.symbol(symbols, index))
            if name and kind not in _CALLS[file.machine]:
                yield name


def _function(file: Elf, symbol: Symbol) -> str:
    """The function a symbol stands for, "" for anything else: an undefined one may be another object's."""
    if symbol.kind == elf.SECTION:
        text = file.name(file.sections[symbol.home])
        return text.removeprefix(".text.") if text.startswith(".text.") else ""
    return symbol.name if symbol.kind == elf.FUNCTION or symbol.home == 0 else ""
