"""Choosing the way onto the board, and the handshake that ends every flash."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from emgdeploy import emulate
from emgdeploy.boards import Board
from emgdeploy.errors import EmgDeployError, InputError, ToolMissingError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.nuttx import pinned
from emgdeploy.flash import identity, tools
from emgdeploy.flash.shell import start_application
from emgdeploy.flash.spresense import Deadlines, Loader, check_image
from emgdeploy.flash.spresense.loader import CONSOLE_BAUD
from emgdeploy.link import discovery
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.options import EMULATED, LinkOptions
from emgdeploy.link.port import Lines, Port, ResetPort, open_port

MARK = "flashed.json"
SCHEMA = "emgdeploy.flashed/1"

Report = Callable[[str], None]


@dataclass(frozen=True)
class Flashed:
    """How a build got onto its board. handshake: the board itself confirmed the firmware build ID.

    read_back: the tool said that it compared what it had written. selftest: "passed" or "not_run" by the board's
    own word, "failed" of a build with taps alone; None where the board was not asked.
    """

    board: str
    firmware_build_id: str
    tool: str
    port: str | None
    handshake: bool
    selftest_ticks: int | None
    read_back: bool = False
    selftest: str | None = None


@dataclass(frozen=True)
class Way:
    """How to reach the board. port: its serial port, None where none is needed; baud: for the transfer.

    trusted: start also a native program that this machine did not build.
    report: told each stage as it begins; progress: bytes of the image that are written. link: patience of
    the handshake. open, clock: how the port is opened and by which seconds the loader's deadlines are kept.
    """

    port: str | None = None
    baud: int = CONSOLE_BAUD
    trusted: bool = False
    report: Report = lambda stage: None
    progress: Callable[[int], None] = lambda count: None
    deadlines: Deadlines = field(default_factory=Deadlines)
    link: LinkOptions | None = None
    open: Callable[[str, int], ResetPort] = open_port
    clock: Callable[[], float] = time.monotonic


def flash(folder: Path, manifest: Manifest, board: Board, way: Way | None = None) -> Flashed:
    """Put the build onto its board, shake hands, and note it in the folder.

    An emulated board is booted, greeted and stopped. Raises LinkError when the board cannot be reached,
    DeviceMismatchError when another firmware answers, ToolMissingError without the flash program.
    """
    (folder / MARK).unlink(missing_ok=True)  # what it says of the board is over from now on
    done = _flash(folder, manifest, board, way or Way())
    write_atomic(folder / MARK, json.dumps({"schema": SCHEMA, **dataclasses.asdict(done)}, indent=2) + "\n")
    return done


def _flash(folder: Path, manifest: Manifest, board: Board, way: Way) -> Flashed:
    kind = board.flash.kind
    if kind == "emulated":
        way.report("booting")
        with emulate.start(manifest, folder, board, way.trusted) as running:
            return _greeted(
                manifest, running.port, "emulator", dataclasses.replace(way, link=way.link or EMULATED)
            )
    if kind in tools.KINDS:
        way.report(f"flashing with {kind}")
        return _verified(manifest, *tools.run(manifest, folder, board), board, way)
    if kind == "spresense":
        return _through_the_loader(folder, manifest, board, way)
    if kind == "manual":
        raise UsageError(
            f"{board.name} is flashed by hand: no program is named in its board file",
            f"copy {folder / manifest.artifacts.get('bin', 'firmware.bin')} onto it, then run `emgdeploy bench`",
        )
    raise InputError(
        f'{board.file}: there is no flash back end "{kind}"', "see docs/boards.md for those there are"
    )


def _through_the_loader(folder: Path, manifest: Manifest, board: Board, way: Way) -> Flashed:
    if "spk" not in manifest.artifacts:
        raise _no_image(folder, board)
    path = manifest.artifact(folder, "spk")
    image = path.read_bytes()
    check_image(image, str(path), sum(memory.size for memory in board.memories_for("code")))
    port = way.open(way.port or discovery.only_port(board.usb, board.name), CONSOLE_BAUD)
    try:
        loader = Loader(port, way.deadlines, way.clock)
        way.report("looking for the boot loader")
        loader.enter()
        way.report("writing")
        loader.install(image, way.baud, way.report, way.progress)
        loader.finish()
        way.report("starting the program")
        start_application(port, board, way.deadlines.application, way.clock)
        return _greeted(manifest, port, "boot loader", way)
    finally:
        port.close()


def _no_image(folder: Path, board: Board) -> EmgDeployError:
    """Why a build has the application alone, and the one thing to do about it."""
    if any(pinned.installed(kind) for kind in pinned.TITLES):
        return InputError(
            f"{folder} was built before NuttX was here, and has no image for the {board.name}",
            f"emgdeploy build --board {board.name}",
        )
    return ToolMissingError(
        f"{folder} has the application, but no image for the {board.name}: NuttX, which the image is linked "
        "with, is not here",
        f"emgdeploy setup {board.name}",
    )


def _verified(manifest: Manifest, tool: str, read_back: bool, board: Board, way: Way) -> Flashed:
    """The tool has written the image; the firmware itself is asked when its serial port is named."""
    if way.port is None:
        return Flashed(manifest.board, manifest.firmware_build_id, tool, None, False, None, read_back)
    uart = board.uart
    port = open_port(way.port, uart.baud, Lines(uart.dtr, uart.rts))
    try:
        return dataclasses.replace(_greeted(manifest, port, tool, way), read_back=read_back)
    finally:
        port.close()


def _greeted(manifest: Manifest, port: Port, tool: str, way: Way) -> Flashed:
    way.report("shaking hands")
    client = DeviceClient(port, way.link, check=lambda facts: identity.check(facts, manifest))
    info: DeviceInfo = client.connect()
    return Flashed(
        manifest.board,
        info.firmware_build_id,
        tool,
        port.name,
        True,
        info.selftest_ticks,
        selftest=info.selftest.name.lower(),
    )
