"""Flash programs of others, run as they are: OpenOCD, st-flash, pyOCD."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.errors import InputError, LinkError, ToolMissingError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.text import printable

_TIMEOUT_S = 300
_FAMILY_BASE = 0x0800_0000  # where STM32 flash begins

# OpenOCD: "** Verified OK **"; st-flash: "Flash written and verified! jolly good!". pyOCD says nothing of the kind.
_READ_BACK = re.compile(r"Verified OK|written and verified", re.IGNORECASE)
_ELF, _BINARY = "firmware.elf", "firmware.bin"


def openocd(board: Board) -> list[str]:
    """Write, read back, and start anew. All that Tcl gets to read is of our own making."""
    scripts = [_script(board, key) for key in ("interface", "target")]
    return ["openocd", "-f", scripts[0], "-f", scripts[1], "-c", f"program {_ELF} verify reset exit"]


def st_flash(board: Board) -> list[str]:
    """st-flash takes raw bytes and their address."""
    address = board.flash.args.get("address", _FAMILY_BASE)
    if not isinstance(address, int) or isinstance(address, bool) or not 0 <= address < 1 << 32:
        raise InputError(
            f"{board.file}: flash.address = {address!r} is no address", "for example 0x0800_0000"
        )
    return ["st-flash", "--reset", "write", _BINARY, f"0x{address:08x}"]


def pyocd(board: Board) -> list[str]:
    """pyOCD knows its targets by name."""
    return ["pyocd", "load", "--target", _text(board, "target"), _ELF]


def _script(board: Board, key: str) -> str:
    """A script that lies beside the board file, or one that OpenOCD finds among its own."""
    text = _text(board, key)
    beside = (board.file.parent / text).resolve()
    return str(beside) if beside.is_file() else text


def _text(board: Board, key: str) -> str:
    if key not in board.flash.args:
        raise InputError(
            f"{board.file}: flash.{key} is missing", f"{board.flash.kind} needs it; see docs/boards.md"
        )
    value = board.flash.args[key]
    if not isinstance(value, str) or not value or value.startswith("-"):
        raise InputError(f"{board.file}: flash.{key} = {value!r} is no name", "see docs/boards.md")
    return value


_COMMANDS: dict[str, tuple[Callable[[Board], list[str]], str, str]] = {
    "openocd": (openocd, "elf", "apt-get install openocd"),
    "st-flash": (st_flash, "bin", "apt-get install stlink-tools"),
    "pyocd": (pyocd, "elf", "pip install pyocd"),
}

KINDS = tuple(_COMMANDS)


def run(manifest: Manifest, folder: Path, board: Board) -> tuple[str, bool]:
    """Flash with the board's tool; returns its name, and whether it said that it compared what it had written.

    The tool runs in an empty folder that holds the image under a name of ours: these tools read scripts and
    settings of the folder they are started in, and OpenOCD reads every argument as Tcl.
    Raises ToolMissingError with the line that installs it, InputError when the board file lacks an
    argument of that tool, LinkError with the tool's own last line when it fails.
    """
    build, artifact, install = _COMMANDS[board.flash.kind]
    command, image = build(board), manifest.artifact(folder, artifact)
    if shutil.which(command[0]) is None:
        raise ToolMissingError(f"{command[0]} is not installed", install)
    with tempfile.TemporaryDirectory(prefix="emgdeploy-") as place:
        shutil.copyfile(image, Path(place) / {"elf": _ELF, "bin": _BINARY}[artifact])
        return command[0], bool(_READ_BACK.search(_run(command, board, Path(place))))


def _run(command: list[str], board: Board, place: Path) -> str:
    """What the tool said."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            env=environment,
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
