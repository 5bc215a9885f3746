"""The one exception tree. Each class is one exit code; each instance is one sentence and one way out.

Library code raises these; only `emgdeploy.cli` turns them into the two closing lines
`error: ...` and `try: ...` and an exit status. Anything else that escapes is a bug of ours.
"""

from __future__ import annotations


class EmgDeployError(Exception):
    """What is wrong and where (`message`), and what the user can do about it (`hint`)."""

    exit_code = 1
    # What the same command needs besides, where that is all: the command line then says the whole command.
    missing_option: tuple[str, ...] = ()

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class GateFailed(EmgDeployError):
    """The job ran to its end and a gate did not hold: a wrong answer, a drift, a regression."""

    exit_code = 1


class UsageError(EmgDeployError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class InputError(EmgDeployError):
    """A file, dataset, model or board file is not what it must be."""

    exit_code = 3


class ToolMissingError(EmgDeployError):
    """A compiler, emulator or Python package is not installed."""

    exit_code = 4


class DoesNotFitError(EmgDeployError):
    """The image is larger than the board's memory."""

    exit_code = 5


class LinkError(EmgDeployError):
    """The serial link gave no usable answer: port missing, busy, silent, too noisy."""

    exit_code = 6


class DeviceMismatchError(EmgDeployError):
    """The device answers, but it is not the one the build was made for."""

    exit_code = 7
