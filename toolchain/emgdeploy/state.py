"""What this user's machine remembers between runs, outside every build folder.

A build folder may be somebody else's, so nothing in it can say where it comes from. What it cannot forge
lies here: `$XDG_STATE_HOME/emgdeploy`, `~/.local/state/emgdeploy` without that variable.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from emgdeploy.files import write_atomic

_SECRET_BYTES = 32


def folder() -> Path:
    """The folder itself; it need not exist."""
    return _home("XDG_STATE_HOME", ".local/state")


def own_boards() -> Path:
    """Where board files lie that were once given by path: `$XDG_CONFIG_HOME/emgdeploy/boards`."""
    return _home("XDG_CONFIG_HOME", ".config") / "boards"


def _home(variable: str, usual: str) -> Path:
    given = os.environ.get(variable)
    # The base directory specification: a path that is not absolute is to be ignored.
    root = Path(given) if given and Path(given).is_absolute() else Path.home() / usual
    return root / "emgdeploy"


def note(kind: str, name: str, content: str) -> bool:
    """Remember `content` under `kind`/`name`; False where that place cannot be written."""
    try:
        write_atomic(folder() / kind / name, content)
    except OSError:
        return False
    return True


def noted(kind: str, name: str) -> str | None:
    """What was remembered there, None for nothing."""
    with suppress(OSError, UnicodeDecodeError):
        return (folder() / kind / name).read_text(encoding="utf-8")
    return None


def secret() -> bytes:
    """32 random bytes of this user, made on the first call; b"" where they can neither be read nor kept."""
    with suppress(ValueError):
        known = bytes.fromhex(noted("", "secret") or "")
        if len(known) == _SECRET_BYTES:
            return known
    made = secrets.token_bytes(_SECRET_BYTES)
    if not note("", "secret", made.hex()):
        return b""
    with suppress(OSError):
        (folder() / "secret").chmod(0o600)
    return made
