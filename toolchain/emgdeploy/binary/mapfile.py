"""What each object file contributed to an image, from the map that GNU ld writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Contribution:
    """One input section that the linker kept: its bytes, alignment padding not included."""

    section: str
    size: int
    object: str


# " .text.name  0x0000  0x10 path.o", where a long name stands on a line of its own.
_LINE = re.compile(r"^ (\.[\w.$-]+|COMMON)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
_NAME = re.compile(r"^ (\.[\w.$-]+|COMMON)$")
_START = "Linker script and memory map"


def contributions(text: str) -> list[Contribution]:
    """The kept input sections of all output sections that occupy memory, in the map's order."""
    found = []
    pending = ""
    for line in text.partition(_START)[2].splitlines():
        name = _NAME.match(line)
        if name:
            pending = name[1]
            continue
        match = _LINE.match(line)
        if match and (match[1] or pending) and not match[4].startswith(("(", "LOADADDR", "ASSERT")):
            found.append(Contribution(match[1] or pending, int(match[3], 16), match[4].strip()))
        pending = ""
    return [item for item in found if item.size and not item.section.startswith(_NOT_LOADED)]


_NOT_LOADED = (".debug", ".comment", ".ARM.attributes", ".note", ".gnu.lto")


def by_kind(items: list[Contribution], objects: set[str]) -> dict[str, int]:
    """Bytes of text, rodata, data and bss from the objects whose path is in `objects`."""
    sums = {"text": 0, "rodata": 0, "data": 0, "bss": 0}
    for item in items:
        if str(PurePosixPath(item.object)) in objects:
            kind = _kind(item.section)
            if kind:
                sums[kind] += item.size
    return sums


def _kind(section: str) -> str | None:
    if section == "COMMON":
        return "bss"
    head = section.split(".")[1]
    return {"text": "text", "vectors": "rodata", "rodata": "rodata", "data": "data", "bss": "bss"}.get(head)
