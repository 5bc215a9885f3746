"""The dialogue with the Spresense's boot loader, as its prompt and Sony's flash tool show it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from emgdeploy.errors import DoesNotFitError, InputError, LinkError, ToolMissingError
from emgdeploy.flash.spresense.dialogue import Dialogue, Silence
from emgdeploy.flash.spresense.xmodem import NeverBegun, Patience, Sender
from emgdeploy.link.port import ResetPort

Report = Callable[[str], None]
Progress = Callable[[int], None]

CONSOLE_BAUD = 115200
MAGIC = b"\xefMOD"

_GREETING = b"Welcome to nash"
_PROMPT = b"updater"
_READY = b"Waiting for XMODEM"
_REFUSALS = (b"rror", b"ERROR", b"ailed", b"FAIL", b"nvalid", b"not found")
_LOADER_MISSING = (
    "install the boot loader of Spresense SDK 2.1 or later once, under Sony's licence: "
    "`sdk/tools/flash.sh -B` of the SDK fetches and writes it"
)
_RESET = "press the board's reset button and try again; is this its port (`emgdeploy ports`)?"


@dataclass(frozen=True)
class Deadlines:
    """The longest wait for each step, in seconds."""

    boot: float = 15.0
    prompt: float = 10.0
    install: float = 60.0
    switch: float = 5.0
    application: float = 15.0
    transfer: Patience = field(default_factory=Patience)


def check_image(image: bytes, name: str, room: int) -> None:
    """Refuse what is no .spk (InputError) or larger than the board's memory of `room` bytes."""
    if not image.startswith(MAGIC):
        raise InputError(
            f"{name} is no Spresense package: it does not begin with EF 'MOD'",
            "flash the nuttx.spk of a build with --sdk or --nuttx",
        )
    if len(image) > room:
        raise DoesNotFitError(
            f"{name} has {len(image):,} bytes, {len(image) - room:,} more than the board's memory",
            "use a smaller model",
        )


class Loader:
    """The boot loader behind `port`. clock: seconds, by which the deadlines are kept."""

    def __init__(
        self, port: ResetPort, deadlines: Deadlines, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._port = port
        self._limits = deadlines
        self._clock = clock
        self._dialogue = Dialogue(port, clock)

    def enter(self) -> None:
        """Reset the board and stop it at the loader's prompt.

        Raises ToolMissingError when the board starts something else, Silence when it says nothing.
        """
        deadline = self._clock() + self._limits.boot
        self._dialogue.forget()
        self._port.pulse_dtr()
        while (heard := self._dialogue.listen((_GREETING, _PROMPT), 0.1)) is None:
            if self._clock() > deadline:
                raise self._no_loader()
            self._port.write(b"r")  # the loader takes this key as a request not to start the program
        if heard == _GREETING:
            self._port.write(b"r")
            self._dialogue.wait(_PROMPT, "waiting for the loader's prompt", self._limits.prompt, _RESET)
        self._port.write(b"\n")  # the first character after the greeting may get lost
        self._dialogue.listen((), 0.3)

    def install(self, image: bytes, baud: int, report: Report, progress: Progress) -> None:
        """Write `image`; at `baud` if the loader and the line can, otherwise at the console's rate.

        Raises TransferError, Silence, and LinkError with the loader's own words when it refuses.
        """
        if baud != CONSOLE_BAUD:
            try:
                self._install(image, baud, progress)
                return
            except NeverBegun:
                report(f"no transfer at {baud} baud, trying {CONSOLE_BAUD}")
                self._port.set_baud(CONSOLE_BAUD)
                self.enter()
        self._install(image, CONSOLE_BAUD, progress)

    def _install(self, image: bytes, baud: int, progress: Progress) -> None:
        faster = "" if baud == CONSOLE_BAUD else f" -b {baud}"
        self._dialogue.say(f"install{faster}")
        heard = self._dialogue.listen((_READY, *_REFUSALS), self._limits.prompt)
        if heard is None:
            raise Silence("starting the transfer", self._limits.prompt, self._dialogue.heard, _RESET)
        if heard != _READY:
            raise self._refused("the loader refuses to install")
        patience = self._limits.transfer
        if faster:
            patience = Patience(self._limits.switch, patience.answer, patience.tries)
            if not self._port.set_baud(baud):
                raise NeverBegun(f"this port cannot do {baud} baud", "use another --baud", 0)
        sender = Sender(self._port, patience, progress, self._clock)
        try:
            sender.send(image)
        finally:
            if faster:
                self._port.set_baud(CONSOLE_BAUD)
        self._dialogue.hear(bytes(sender.rest))
        heard = self._dialogue.listen((_PROMPT, *_REFUSALS), self._limits.install)
        if heard is None:
            raise Silence("writing to flash", self._limits.install, self._dialogue.heard, _RESET)
        if heard != _PROMPT:
            raise self._refused("the loader did not accept the file")

    def finish(self) -> None:
        """Make the main core's program the one to start, flush, and start it."""
        for command in ("set bootable M0P", "sync"):
            self._dialogue.say(command)
            self._dialogue.wait(_PROMPT, f"after `{command}`", self._limits.prompt, _RESET)
        self._dialogue.say("reboot")

    def _no_loader(self) -> LinkError | ToolMissingError:
        heard = self._dialogue.heard.strip()
        if not heard:
            return Silence("looking for the boot loader", self._limits.boot, "", _RESET)
        last = heard.splitlines()[-1][-80:]
        return ToolMissingError(
            f'the board starts without its boot loader\'s prompt (it said "{last}")', _LOADER_MISSING
        )

    def _refused(self, what: str) -> LinkError:
        self._dialogue.listen((_PROMPT,), 1.0)
        return LinkError(f"{what}: {self._dialogue.heard.strip()[-120:] or 'no reason given'}", _RESET)
