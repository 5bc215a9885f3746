"""The command line: one small file per verb, found by its name. No logic lives here.

A verb module has NAME (its file's name), HELP (one line), `add_arguments(parser)` and
`run(args, console) -> int`. Its top-level imports are light, because `emgdeploy --help` reads all
of them. An option's value comes from the command line, else from EMGDEPLOY_<OPTION>, else from
`--config FILE`, else from its default. A verb reports failure by raising an `EmgDeployError`.
"""

from __future__ import annotations

import sys

# Not typing's, whose import would take longer than all else before the handlers of signals stand.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "process"]

# Exit statuses of commands that a signal stopped: hung up, interrupted, terminated.
_STOPPED = (129, 130, 143)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status (the table in docs/cli.md)."""
    from emgdeploy.cli import entry

    return entry.run(sys.argv[1:] if argv is None else argv)


def process() -> int:
    """`main` for a process of its own: signals count from the first line and no longer after the end."""
    import signal

    try:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _stop)
        status = main()
    except _Stopped as stopped:
        print("error: interrupted\ntry: the same command again", file=sys.stderr)
        status = 128 + stopped.number
    except KeyboardInterrupt:  # so early that nothing had begun
        print("error: interrupted\ntry: the same command again", file=sys.stderr)
        status = 130
    finally:
        # What is left is the interpreter's own tidying up; the command has ended and said how.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if status in _STOPPED:
        _leave(status)
    return status


class _Stopped(KeyboardInterrupt):
    """A signal before the command line has its own handlers."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _stop(number: int, _frame: object) -> None:
    raise _Stopped(number)


def _leave(status: int) -> None:
    """End at once. An interrupt that met code run from a string (libraries do that while they are
    imported) makes the interpreter kill itself by signal at its end, whatever status it is given."""
    import os

    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
