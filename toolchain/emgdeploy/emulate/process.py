"""A child process that speaks on one end of a pseudo terminal while we hold the other."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import tty
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO

from emgdeploy.errors import EmgDeployError, ToolMissingError
from emgdeploy.text import printable

_PATIENCE_S = 2.0


class PtyProcess:
    """Starts `command(tty_path)`; `fd` is our end of the line. Leaving the block ends the process.

    The terminal is raw from the start and its far end stays open on our side, so that bytes sent
    before the child has opened it wait there instead of failing.
    """

    def __init__(self, command: Callable[[str], list[str]]) -> None:
        self.fd, self._far = os.openpty()
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by _close
        try:
            tty.setraw(self._far)
            self._process = _spawn(command(os.ttyname(self._far)), self._words)
        except BaseException:
            self._close()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ended(self) -> int | None:
        """The exit status (negative: a signal), or None while the process lives."""
        return self._process.poll()

    def last_words(self, longest: int = 400) -> str:
        """The end of what the process wrote to its standard error, safe to show."""
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - longest))
        return printable(self._words.read().decode(errors="replace").strip(), keep="\n")

    def stop(self) -> None:
        """End the process, by force when it does not listen, and close the line. May be called twice."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            self._close()

    def _close(self) -> None:
        for fd in (self.fd, self._far):
            if fd >= 0:
                os.close(fd)
        self.fd = self._far = -1
        self._words.close()

    def __enter__(self) -> PtyProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _spawn(command: list[str], words: IO[bytes]) -> subprocess.Popen[bytes]:
    if shutil.which(command[0]) is None:
        raise ToolMissingError(f"{command[0]} cannot be run here", "check that it is there and executable")
    try:
        return subprocess.Popen(
            _dies_with_us(command),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,  # Ctrl-C is ours to handle; the child is ended by stop()
        )
    except OSError as error:
        raise EmgDeployError(
            f"{command[0]} cannot be started: {error.strerror}", "was it built for this machine?"
        ) from error


def _dies_with_us(command: list[str]) -> list[str]:
    """Let the kernel end the child even when we are killed without a chance to do so (Linux only)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else command
