"""Which programs this machine built: only those are started as programs without being asked.

Firmware for `native` is a program of this machine and runs with the rights of whoever starts it. A build
folder from somewhere else can hold any program under that name. So a build leaves the SHA-256 of its program
in `state.folder()`, outside the folder, and whoever starts one looks there.
"""

from __future__ import annotations

from pathlib import Path

from emgdeploy import state
from emgdeploy.errors import InputError
from emgdeploy.files import sha256_of

_KIND = "built"


def remember(program: Path) -> bool:
    """Note that this machine built `program`; False where the note cannot be kept."""
    return state.note(_KIND, sha256_of(program), f"{program}\n".encode(errors="replace").decode())


def check(program: Path) -> None:
    """Raises InputError for a program that this machine did not build."""
    if state.noted(_KIND, sha256_of(program)) is None:
        raise InputError(
            f"{program} was not built on this machine; started, it could do all that you can",
            "build the folder again from its model (`emgdeploy build --board native --model FOLDER`), "
            "or add --trust-folder if you trust whoever made it",
        )
