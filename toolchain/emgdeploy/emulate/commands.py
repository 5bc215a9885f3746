"""How each kind of emulator is started for a firmware image and a tty."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.errors import ToolMissingError, UsageError

Command = Callable[[str], list[str]]
"""The path of a tty -> the command whose firmware speaks on it."""

QEMU = "qemu-system-arm"

NO_MACHINE = "unsupported machine type"
"""What QEMU says when it has no machine of the name it was given."""

# One instruction is one nanosecond of the emulated clock, so that its timer counts instructions.
# `sleep=off` would let the clock jump while the core waits for a byte, and burn the host's core.
_COUNT_INSTRUCTIONS = "shift=0"


def command_for(board: Board, image: Path) -> Command:
    """The command that runs `image` in place of `board`.

    Raises UsageError for a board without an emulator, ToolMissingError when QEMU is not installed.
    """
    if board.emulator is None:
        raise UsageError(
            f"{board.name} has no emulator",
            "name the serial port of the real board with --port, or build for qemu-mps2-an386 or native",
        )
    if board.emulator.kind == "native":
        return lambda tty: [str(image), tty]
    machine = board.emulator.machine
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise ToolMissingError(f"{QEMU} is not installed", "apt-get install qemu-system-arm")
    return lambda tty: _qemu(qemu, machine, image, tty)


def _qemu(qemu: str, machine: str, image: Path, tty: str) -> list[str]:
    return [
        qemu,
        *("-machine", machine),
        *("-icount", _COUNT_INSTRUCTIONS),
        *("-kernel", str(image)),
        *("-serial", tty),
        *("-display", "none", "-monitor", "none", "-nodefaults", "-no-user-config"),
    ]
