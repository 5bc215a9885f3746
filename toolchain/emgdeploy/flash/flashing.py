"""Choosing the way onto the board, and the handshake that ends every flash."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emgdeploy import emulate
from emgdeploy.boards import Board
from emgdeploy.errors import InputError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.flash import identity, tools
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.facts import DeviceInfo
from emgdeploy.link.port import Port, open_port

MARK = "flashed.json"
SCHEMA = "emgdeploy.flashed/1"

Report = Callable[[str], None]


@dataclass(frozen=True)
class Flashed:
    """How a build got onto its board. handshake: the board itself confirmed the firmware build ID."""

    board: str
    firmware_build_id: str
    tool: str
    port: str | None
    handshake: bool
    selftest_ticks: int | None


def flash(
    folder: Path,
    manifest: Manifest,
    board: Board,
    port: str | None = None,
    report: Report = lambda stage: None,
) -> Flashed:
    """Put the build onto its board, shake hands, and note it in the folder.

    An emulated board is booted, greeted and stopped. Raises LinkError when the board cannot be reached,
    DeviceMismatchError when another firmware answers, ToolMissingError without the flash program.
    """
    done = _flash(folder, manifest, board, port, report)
    write_atomic(folder / MARK, json.dumps({"schema": SCHEMA, **dataclasses.asdict(done)}, indent=2) + "\n")
    return done


def _flash(folder: Path, manifest: Manifest, board: Board, port: str | None, report: Report) -> Flashed:
    kind = board.flash.kind
    if kind == "emulated":
        report("booting")
        with emulate.start(manifest, folder, board) as running:
            return _greeted(manifest, running.port, "emulator", report)
    if kind in tools.KINDS:
        report(f"flashing with {kind}")
        tool = tools.run(manifest, folder, board)
        return _verified(manifest, port, tool, report)
    if kind == "manual":
        raise UsageError(
            f"{board.name} is flashed by hand: no program is named in its board file",
            f"copy {folder / manifest.artifacts.get('bin', 'firmware.bin')} onto it, then run `emgdeploy bench`",
        )
    raise InputError(
        f'{board.file}: there is no flash back end "{kind}" for {board.name} yet',
        f"flash {folder / manifest.artifacts['elf']} with the maker's own tools",
    )


def _verified(manifest: Manifest, port: str | None, tool: str, report: Report) -> Flashed:
    """The tool has read the image back; the firmware itself is asked when its serial port is named."""
    if port is None:
        return Flashed(manifest.board, manifest.firmware_build_id, tool, None, False, None)
    opened = open_port(port)
    try:
        return _greeted(manifest, opened, tool, report)
    finally:
        opened.close()


def _greeted(manifest: Manifest, port: Port, tool: str, report: Report) -> Flashed:
    report("shaking hands")
    info: DeviceInfo = DeviceClient(port, check=lambda facts: identity.check(facts, manifest)).connect()
    return Flashed(manifest.board, info.firmware_build_id, tool, port.name, True, info.selftest_ticks)
