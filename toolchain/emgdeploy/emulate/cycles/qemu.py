"""Runs one function of a firmware image in QEMU: for cores that Unicorn does not have, Cortex-M55 first.

The firmware boots as on the board up to a function that says it is ready; there the core is led into
the call, and QEMU's own log tells which blocks run (`-d exec,nochain`) and how long they are (`in_asm`).
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import time
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from emgdeploy.emulate.cycles import gdb
from emgdeploy.emulate.cycles.gdb import Remote
from emgdeploy.emulate.cycles.image import Function, Image
from emgdeploy.emulate.cycles.machine import SIZE_BITS, Consumer, Recording, Watch
from emgdeploy.emulate.cycles.thumb import instruction_bytes
from emgdeploy.errors import EmgDeployError, ToolMissingError, UsageError
from emgdeploy.text import printable

MACHINES = {"cortex-m55": "mps3-an547"}
"""Cores that only QEMU runs -> its machine for them, where a board names none."""

_QEMU = "qemu-system-arm"
_START_S, _RUN_S = 20.0, 600.0
_PAINT = b"\xde\xc0\xac\x57"
# Where the linker script says that the stack ends; a memory protection unit may guard what lies below.
_STACK_END = "emg_stack_bottom"
# Below the stack pointer of the call; what a kernel takes is far less.
_PAINTED = 4096
_CHUNK = 1 << 20

_RAN = re.compile(rb"Trace \d+: 0x[0-9a-f]+ \[([0-9a-f]+)/([0-9a-f]+)/([0-9a-f]+)/")
_NOT_RUN = re.compile(rb"Stopped execution of TB chain before 0x[0-9a-f]+ \[([0-9a-f]+)\]")
_LISTED = re.compile(rb"0x([0-9a-f]{8}):  ")


class QemuMachine:
    """A board in QEMU with its firmware, stopped at the function `ready`. Use as a context manager.

    arguments: RAM that the firmware does not use, for windows and outputs. Raises ToolMissingError
    without QEMU, EmgDeployError when the firmware does not get to `ready`.
    """

    def __init__(self, elf: Path, image: Image, machine: str, ready: Function, arguments: int) -> None:
        self.arguments = arguments
        self._image, self._ready = image, ready
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name) / "log"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._remote = self._boot(elf, machine)
        except BaseException:
            self.close()
            raise

    def _boot(self, elf: Path, machine: str) -> Remote:
        if shutil.which(_QEMU) is None:
            raise ToolMissingError(f"{_QEMU} is not installed", "apt-get install qemu-system-arm")
        where = str(Path(self._folder.name) / "gdb")
        command = [
            *(_QEMU, "-machine", machine, "-kernel", str(elf), "-S"),
            *("-gdb", f"unix:{where},server=on,wait=off", "-D", str(self._log), "-d", "in_asm"),
            *("-display", "none", "-monitor", "none", "-serial", "null", "-nodefaults", "-no-user-config"),
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        remote = Remote(self._connect(where), _RUN_S)
        remote.run_to(self._ready.start)
        self._stack = remote.register(gdb.STACK_POINTER)
        return remote

    def _connect(self, where: str) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + _START_S
        while True:
            try:
                connection.connect(where)
                return connection
            except OSError as error:
                ended = self._process is not None and self._process.poll() is not None
                if ended or time.monotonic() > end:
                    connection.close()
                    raise EmgDeployError(
                        f"QEMU does not start{self._words()}", "is its version 7.2 or later?"
                    ) from error
                time.sleep(0.02)

    def _words(self) -> str:
        """What QEMU said, once it has ended."""
        if self._process is None or self._process.poll() is None or self._process.stderr is None:
            return ""
        words = self._process.stderr.read().decode(errors="replace").strip()
        return f": {printable(words.splitlines()[0])}" if words else ""

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self._remote.write(address, data)

    def read(self, address: int, size: int) -> bytes:
        """Bytes from memory."""
        return self._remote.read(address, size)

    def run(self, function: Function, arguments: tuple[int, ...]) -> None:
        """As Machine.run."""
        self._enter(function, arguments)
        self._remote.run_to(self._ready.start)

    def _enter(self, function: Function, arguments: tuple[int, ...]) -> None:
        """Registers as at a call out of the function that says it is ready."""
        for register, value in enumerate(arguments):
            self._remote.set_register(register, value)
        self._remote.set_register(gdb.STACK_POINTER, self._stack)
        self._remote.set_register(gdb.LINK_REGISTER, self._ready.start | 1)
        self._remote.set_register(gdb.PROGRAM_COUNTER, function.start)

    def call(self, function: Function, arguments: tuple[int, ...], consume: Consumer, watch: Watch) -> int:
        """As Machine.call; nothing but blocks can be watched."""
        if watch.reads or watch.alignment:
            raise UsageError("memory accesses cannot be watched in QEMU", "leave --alignment away")
        remote, bottom = self._remote, max(self._stack - _PAINTED, self._image.mark(_STACK_END) or 0)
        painted = self._stack - bottom
        remote.write(bottom, _PAINT * (painted // len(_PAINT)))
        self._enter(function, arguments)
        begin = self._log.stat().st_size if self._log.exists() else 0
        remote.monitor("log in_asm,exec,nochain")
        try:
            remote.run_to(self._ready.start)
        finally:
            with suppress(EmgDeployError):
                remote.monitor("log in_asm")
        self._hand_on(begin, consume)
        left = remote.read(bottom, painted)
        return painted - next((at for at in range(0, painted, 4) if left[at : at + 4] != _PAINT), painted)

    def _hand_on(self, begin: int, consume: Consumer) -> None:
        piece = Recording(array("Q"), array("Q"), [])
        with self._log.open("rb") as log:
            for block in _blocks(log, begin, self._image):
                if block is None:
                    piece.blocks.pop()
                    continue
                # One block is held back, because the log may take it back.
                if len(piece.blocks) > _CHUNK:
                    held = piece.blocks.pop()
                    consume(piece)
                    del piece.blocks[:]
                    piece.blocks.append(held)
                piece.blocks.append(block)
        consume(piece)

    def close(self) -> None:
        """End QEMU and forget its log. May be called twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None
        self._folder.cleanup()

    def __enter__(self) -> QemuMachine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _blocks(log: Iterator[bytes], begin: int, image: Image) -> Iterator[int | None]:
    """Blocks that ran, as address << SIZE_BITS | size, from byte `begin` of the log; None takes the last back."""
    sizes: dict[int, int] = {}
    start = last = -1
    at = 0
    for line in log:
        at += len(line)
        listed = _LISTED.match(line)
        if listed:
            last = int(listed[1], 16)
            start = last if start < 0 else start
            continue
        if start >= 0:
            sizes[start] = _size(image, start, last)
            start = -1
        if at <= begin:
            continue
        ran = _RAN.match(line)
        if ran:
            address = int(ran[2], 16)
            yield address << SIZE_BITS | sizes[address]
        elif _NOT_RUN.match(line):
            yield None


def _size(image: Image, start: int, last: int) -> int:
    """Bytes from `start` to the end of the instruction that holds the listed address `last`."""
    end = start
    while end <= last:
        end += instruction_bytes(image.code(end, 2))
    return end - start
