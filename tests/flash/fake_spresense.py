"""A Spresense on a pty: its boot loader's dialogue, XMODEM, and after the reboot a real application."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from emgdeploy.emulate.process import PtyProcess
from emgdeploy.flash.spresense.xmodem import crc16

PROMPT = b"updater# "
READY = b"Waiting for XMODEM (CRC or 1K) transfer. Ctrl-X to cancel.\r\n"


@dataclass(frozen=True)
class Faults:
    """What goes wrong. silent_at: the step after which nothing more is said."""

    silent_at: str = ""
    no_loader: bool = False
    garbage: bytes = b""
    naks: int = 0
    naks_at_block: int = 2
    cancel_at_block: int = 0
    lose_ack_of_block: int = 0
    deaf_above_115200: bool = False
    refuses: bytes = b""
    without_shell: bool = False
    dead_application: bool = False


class Stopped(Exception):
    """The test is over."""


class FakeSpresense:
    """`port` is what the host opens; `received` is the file that came; `said` are the commands.

    silent: set while nothing more will come before the host does something else.
    """

    def __init__(self, application: Path, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()
        self._application = application
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.received = b""
        self.said: list[str] = []
        self.silent = threading.Event()
        self.application_runs = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FakeSpresense:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(5)
        os.close(self._master)
        os.close(self._slave)

    def _run(self) -> None:
        try:
            self._boot()
            while self._command():
                pass
            self._program()
        except Stopped:
            pass

    def _byte(self, seconds: float = 60.0) -> bytes:
        """The next byte, or b"" when none comes in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._over.is_set():
                raise Stopped
            if select.select([self._master], [], [], 0.02)[0]:
                return os.read(self._master, 1)
        return b""

    def _fall_silent(self) -> NoReturn:
        self.silent.set()
        while True:
            self._byte()

    def _say(self, step: str, data: bytes) -> None:
        if self._faults.silent_at == step:
            self._fall_silent()
        os.write(self._master, self._faults.garbage + data)

    def _boot(self) -> None:
        self._byte()
        self.silent.clear()
        if self._faults.no_loader:
            os.write(self._master, b"\r\nNuttShell (NSH) NuttX-12.3\r\nnsh> ")
            self._fall_silent()
        self._say("boot", b"Welcome to nash\r\n")
        while self._byte() != b"r":
            pass
        self._say("prompt", PROMPT)

    def _command(self) -> bool:
        line = b""
        while not line.endswith(b"\n"):
            line += self._byte()
        text = line.decode(errors="replace").strip("r\r\n ")
        if not text:
            os.write(self._master, PROMPT)
            return True
        self.said.append(text)
        os.write(self._master, line)
        if text.startswith("install"):
            self._install(fast="-b" in text)
        elif text != "eboot":  # "reboot" without the keys that stop the start
            self._say(text, PROMPT)
        return text != "eboot"

    def _install(self, fast: bool) -> None:
        if self._faults.refuses:
            os.write(self._master, self._faults.refuses + b"\r\n" + PROMPT)
            return
        self._say("install", READY)
        if fast and self._faults.deaf_above_115200:
            self.silent.set()
            self._boot()  # it hears nothing until the host resets it
            return
        self.received = self._receive()
        self._say("written", b'Package validation is OK.\r\nSaving package to "nuttx"\r\n' + PROMPT)

    def _receive(self) -> bytes:
        data, expected, naks = b"", 1, self._faults.naks
        self._say("first block", b"C")
        while True:
            head = self._byte(0.5)
            if not head and not data:
                os.write(self._master, b"C")
            elif head == b"\x04":
                self._say("end", b"\x06")
                return data
            elif head == b"\x02":
                number, inverse = self._byte(), self._byte()
                body = b"".join(self._byte() for _ in range(1024))
                check = self._byte() + self._byte()
                assert number[0] == 255 - inverse[0] and crc16(body) == int.from_bytes(check, "big")
                if number[0] == self._faults.cancel_at_block:
                    os.write(self._master, b"\x18\x18\x18")
                    raise Stopped
                if number[0] == self._faults.naks_at_block and naks:
                    naks -= 1
                    os.write(self._master, b"\x15")
                    continue
                if number[0] == expected & 0xFF:
                    data += body
                    expected += 1
                    if number[0] == self._faults.lose_ack_of_block:
                        os.write(self._master, b"\x15")  # the host believes that it failed
                        continue
                self._say(f"block {number[0]}", b"\x06")

    def _program(self) -> None:
        if self._faults.dead_application:
            self._fall_silent()
        if not self._faults.without_shell:
            self._shell()
        with PtyProcess(lambda name: [str(self._application), name]) as process:
            self._bridge(process.fd)

    def _shell(self) -> None:
        os.write(self._master, b"\r\nNuttShell (NSH) NuttX-12.3\r\nnsh> ")
        line = b""
        while line != b"emg\n":
            byte = self._byte()
            os.write(self._master, byte)
            line += byte
            if byte == b"\n" and line != b"emg\n":
                os.write(self._master, b"nsh> ")
                line = b""

    def _bridge(self, other: int) -> None:
        self.application_runs.set()
        ends: dict[int, Callable[[bytes], int]] = {
            self._master: lambda data: os.write(other, data),
            other: lambda data: os.write(self._master, data),
        }
        while not self._over.is_set():
            for fd in select.select(list(ends), [], [], 0.05)[0]:
                ends[fd](os.read(fd, 4096))
