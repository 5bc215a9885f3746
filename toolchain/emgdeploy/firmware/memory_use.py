"""What an image takes of the board, and whether that is there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emgdeploy.binary.sections import Section, Totals
from emgdeploy.boards import Board
from emgdeploy.firmware.manifest_parts import MemoryUse
from emgdeploy.firmware.memory_budget import Need, TooLarge, reserve

_OVERFLOW = re.compile(r"region `([\w-]+)' overflowed by (\d+) bytes")


@dataclass(frozen=True)
class Sizes:
    """Bytes. code: .text and .rodata of model and kernels without weights and parameters.

    flash: what must be stored (code, constants, initial values). ram: variables, arena and stack; in a
    board whose code runs from RAM, code and constants too.
    """

    code: int
    flash: int
    ram: int
    stack: int
    memories: tuple[MemoryUse, ...]


def memory_use(board: Board, sections: Sequence[Section]) -> tuple[MemoryUse, ...]:
    """How far each memory is filled, from its origin to the last byte placed in it.

    A board whose data bus sees its memory elsewhere says by how much (option `data_alias_offset`).
    """
    alias = int(board.options.get("data_alias_offset", 0))
    used = {}
    for memory in board.memories:
        ends = [memory.origin]
        for section in sections:
            if section.in_memory and section.size:
                starts = {section.address, section.load} if section.has_bytes else {section.address}
                starts |= {start - alias for start in starts}
                ends += [s + section.size for s in starts if 0 <= s - memory.origin < memory.size]
        used[memory.name] = max(ends) - memory.origin
    return tuple(MemoryUse(memory.name, used[memory.name], memory.size) for memory in board.memories)


def pooled_use(board: Board, total: Totals, stack: int) -> tuple[MemoryUse, ...]:
    """Like `memory_use` for an image without addresses: by what each memory may hold.

    What the board's options reserve for its operating system counts as used.
    """
    parts = {
        "code": total.text,
        "constants": total.rodata + total.data,
        "data": total.data + total.bss + stack,
    }
    if board.memories_for("data")[0] == board.memories_for("constants")[0]:
        parts["constants"] = total.rodata  # initial values are not stored twice
    used = {memory.name: 0 for memory in board.memories}
    used[board.memories_for("data")[0].name] += reserve(board)
    for kind, size in parts.items():
        used[board.memories_for(kind)[0].name] += size
    return tuple(MemoryUse(memory.name, used[memory.name], memory.size) for memory in board.memories)


def overflow(board: Board, linker_output: str, need: Need) -> TooLarge | None:
    """The linker's complaint about a full memory as an error of ours, or None when it is another."""
    found = _OVERFLOW.findall(linker_output)
    if not found:
        return None
    name, missing = max(found, key=lambda item: int(item[1]))
    return TooLarge(board, name, int(missing), need)
