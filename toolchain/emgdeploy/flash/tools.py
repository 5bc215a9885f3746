"""Flash programs of others, run as they are: OpenOCD, st-flash, pyOCD."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from emgdeploy.boards import Board, Scalar
from emgdeploy.errors import InputError, LinkError, ToolMissingError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.text import printable

_TIMEOUT_S = 300
_FAMILY_BASE = 0x0800_0000  # where STM32 flash begins

# OpenOCD: "** Verified OK **"; st-flash: "Flash written and verified! jolly good!". pyOCD says nothing of the kind.
_READ_BACK = re.compile(r"Verified OK|written and verified", re.IGNORECASE)

Arguments = dict[str, Scalar]


def openocd(image: Path, binary: Path, args: Arguments) -> list[str]:
    """Write, read back, and start anew."""
    program = f"program {{{image}}} verify reset exit"
    return ["openocd", "-f", str(args["interface"]), "-f", str(args["target"]), "-c", program]


def st_flash(image: Path, binary: Path, args: Arguments) -> list[str]:
    """st-flash takes raw bytes and their address."""
    address = int(args.get("address", _FAMILY_BASE))
    return ["st-flash", "--reset", "write", str(binary), f"0x{address:08x}"]


def pyocd(image: Path, binary: Path, args: Arguments) -> list[str]:
    """pyOCD knows its targets by name."""
    return ["pyocd", "load", "--target", str(args["target"]), str(image)]


_COMMANDS: dict[str, tuple[Callable[[Path, Path, Arguments], list[str]], str]] = {
    "openocd": (openocd, "apt-get install openocd"),
    "st-flash": (st_flash, "apt-get install stlink-tools"),
    "pyocd": (pyocd, "pip install pyocd"),
}

KINDS = tuple(_COMMANDS)


def run(manifest: Manifest, folder: Path, board: Board) -> tuple[str, bool]:
    """Flash with the board's tool; returns its name, and whether it said that it compared what it had written.

    Raises ToolMissingError with the line that installs it, InputError when the board file lacks an
    argument of that tool, LinkError with the tool's own last line when it fails.
    """
    build, install = _COMMANDS[board.flash.kind]
    try:
        command = build(manifest.artifact(folder, "elf"), manifest.artifact(folder, "bin"), board.flash.args)
    except KeyError as missing:
        raise InputError(
            f"{board.file}: flash.{missing.args[0]} is missing",
            f"{board.flash.kind} needs it; see docs/boards.md",
        ) from None
    if shutil.which(command[0]) is None:
        raise ToolMissingError(f"{command[0]} is not installed", install)
    return command[0], bool(_READ_BACK.search(_run(command, board)))


def _run(command: list[str], board: Board) -> str:
    """What the tool said."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, env=environment
        )
    except subprocess.TimeoutExpired:
        raise LinkError(
            f"{command[0]} did not end within {_TIMEOUT_S} s", f"is {board.name} connected and powered?"
        ) from None
    if done.returncode != 0:
        raise LinkError(
            f"{command[0]} failed: {_reason(done.stderr + done.stdout)}",
            f"is {board.name} connected, and may you open its debug probe?",
        )
    return done.stderr + done.stdout


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "[error")) or "Error:" in line]
    return printable((errors or lines or ["no message"])[0 if errors else -1])[:300]
