"""How a command that did not end well says so: `error: ...`, `try: ...`, and the exit status."""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings

from emgdeploy.cli import interrupts
from emgdeploy.cli.console import Console, OutputClosed
from emgdeploy.errors import EmgDeployError
from emgdeploy.text import printable

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

BUG = 1
BAD_INPUT = 3
SIGPIPE_STATUS = 141  # 128 + SIGPIPE, what a shell reports for a program that dies of it


def report(error: BaseException, console: Console) -> int:
    """Print what `error` means as the last lines of stderr; return the exit status."""
    if isinstance(error, OutputClosed):
        console.abandon_output()
        return SIGPIPE_STATUS
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else BUG if error.code else 0
    if console.trace:
        console.error_text("".join(traceback.format_exception(error)).rstrip("\n"))
    status, message, hint = _explain(error)
    console.failed(message, hint, status)
    _say(f"error: {printable(message)}")
    _say(f"try: {printable(hint)}")
    return status


def _explain(error: BaseException) -> tuple[int, str, str]:
    # A library may swallow the interrupt and fail in its own way because of it.
    signal_number = interrupts.received()
    if isinstance(error, KeyboardInterrupt) or (signal_number and not isinstance(error, EmgDeployError)):
        status = 128 + (signal_number or 2)
        return status, "interrupted", "the same command again; nothing was left half-written"
    if isinstance(error, EmgDeployError):
        return error.exit_code, error.message, error.hint
    if isinstance(error, OSError) and error.errno in _FULL:
        place = error.filename or "a file"
        return (
            BAD_INPUT,
            f"{place} cannot be written: {error.strerror}",
            "free some space there, then run it again",
        )
    if isinstance(error, OSError) and error.filename is not None:
        return (
            BAD_INPUT,
            f"{error.filename}: {error.strerror}",
            "check that the path exists and that you may use it",
        )
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return (
            BAD_INPUT,
            f"the system refused: {error.strerror}",
            "check free disk space and permissions, or --trace",
        )
    if isinstance(error, MemoryError):
        return BAD_INPUT, "this needs more memory than the machine has", "a smaller model, or fewer windows"
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return (
        BUG,
        f"emgdeploy failed where it should not ({what})",
        "again with --trace, and report what it prints",
    )


def _say(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:  # stderr is gone; the exit status still speaks
        return


def quieten_libraries(trace: bool) -> None:
    """Keep other packages' warnings off the terminal unless somebody traces or asked for them."""
    if trace:
        return
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
