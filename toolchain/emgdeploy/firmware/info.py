"""`src/build_info.h`: what the firmware knows about itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import emgdeploy
from emgdeploy.boards import Board
from emgdeploy.codegen.literals import c_string


def build_id(files: Mapping[str, str], flags: Sequence[str], others: Iterable[bytes]) -> str:
    """16 hexadecimal digits that change with any source, flag, compiler or model."""
    digest = hashlib.sha256()
    parts = [part.encode() for name in sorted(files) for part in (name, files[name])]
    for part in (*parts, *(flag.encode() for flag in flags), *others):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:16]


def build_info(board: Board, identity: str, taps_of: str | None = None) -> str:
    """The header's text; taps_of: for a build with taps the ID of the same one without."""
    facts = {
        "EMG_BUILD_ID": c_string(identity),
        "EMG_TOOL_VERSION": c_string(f"emgdeploy {emgdeploy.__version__}"),
        "EMG_BOARD_NAME": c_string(board.name),
        "EMG_CLOCK_HZ": f"{board.clock_hz}u",
        "EMG_UART_NAME": c_string(board.uart.peripheral),
        "EMG_UART_BAUD": f"{board.uart.baud}u",
    }
    if taps_of is not None:
        facts["EMG_TAPS_OF"] = c_string(taps_of)
    lines = [f"#define {name} {value}" for name, value in facts.items()]
    guard = ("#ifndef EMG_BUILD_INFO_H", "#define EMG_BUILD_INFO_H", "")
    return "\n".join(("/* Which build this is. */", *guard, *lines, "", "#endif", ""))
