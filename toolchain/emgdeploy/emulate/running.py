"""A board without hardware: its firmware running in an emulator, reached as a port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emgdeploy.boards import Board
from emgdeploy.emulate.commands import NO_MACHINE, QEMU, command_for
from emgdeploy.emulate.process import PtyProcess
from emgdeploy.errors import LinkError
from emgdeploy.firmware import trust
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.link.port import FdPort


class EmulatedPort(FdPort):
    """The host's end of the line; a read from an emulator that has died says so instead of waiting."""

    def __init__(self, process: PtyProcess, name: str) -> None:
        super().__init__(os.dup(process.fd), name)  # closing the port leaves the process its own
        self._process = process

    def read(self, timeout: float) -> bytes:
        """Like FdPort.read. Raises LinkError when the emulator has ended."""
        data = super().read(timeout)
        status = None if data else self._process.ended()
        if status is not None:
            words = self._process.last_words()
            raise LinkError(
                f"the emulator ended with status {status}" + (f": {words}" if words else ""), _hint(words)
            )
        return data


def _hint(words: str) -> str:
    if NO_MACHINE in words:
        return f"install {QEMU} 7.2 or later, which has every machine of the packaged boards"
    return "build the firmware again, or look at its last words with --trace"


class RunningBoard:
    """`port` speaks to the firmware until the block of `start` ends. pid: the emulator's process."""

    def __init__(self, board: Board, process: PtyProcess) -> None:
        self.board = board
        self.pid = process.pid
        self.port = EmulatedPort(process, f"{board.name} (emulated)")


@contextmanager
def start(manifest: Manifest, folder: Path, board: Board, trusted: bool = False) -> Iterator[RunningBoard]:
    """Boot the firmware of a build folder; it is ended when the block is left, however that happens.

    trusted: start also a native program that this machine did not build. QEMU runs a guest without network,
    disks, semihosting or a monitor: all that reaches the host is what it says on its serial line.
    Raises UsageError for a board without an emulator, ToolMissingError without QEMU, InputError
    when the image is missing, was changed, or is a foreign program.
    """
    image = manifest.artifact(folder, "elf")
    command = command_for(board, image)
    if board.emulator is not None and board.emulator.kind == "native" and not trusted:
        trust.check(image)
    with PtyProcess(command) as process:
        running = RunningBoard(board, process)
        try:
            yield running
        finally:
            running.port.close()
