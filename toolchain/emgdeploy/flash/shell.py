"""Boards that greet with a shell: the application has to be started there before it answers."""

from __future__ import annotations

import time
from collections.abc import Callable

from emgdeploy.boards import Board
from emgdeploy.flash.spresense.dialogue import Dialogue
from emgdeploy.link.port import Port

_PROMPT = b"nsh>"
_ANNOUNCEMENT = b"{"  # how an application that starts by itself begins its first frame


def start_application(
    port: Port, board: Board, patience: float = 1.5, clock: Callable[[], float] = time.monotonic
) -> bool:
    """Start the application when a shell answers on `port`; True when one did.

    The board's option `shell_command` says how. An application that already runs takes the line ends
    that this sends as noise between frames. patience: seconds to wait for the shell.
    """
    command = board.options.get("shell_command")
    if not isinstance(command, str):
        return False
    dialogue = Dialogue(port, clock)
    dialogue.say("")
    if dialogue.listen((_PROMPT, _ANNOUNCEMENT), patience) != _PROMPT:
        return False
    dialogue.say(command)
    return True
