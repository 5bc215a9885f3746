"""The programs that configure NuttX: the system's, or kconfiglib in a folder of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from emgdeploy.errors import ToolMissingError
from emgdeploy.firmware.nuttx import pinned

_PACKAGE = "kconfiglib==14.1.0"
_PROGRAM = "olddefconfig"


def available() -> bool:
    """Whether NuttX can be configured here."""
    return shutil.which("kconfig-conf") is not None or shutil.which(_PROGRAM, path=_path()) is not None


def variables() -> dict[str, str]:
    """What a build of NuttX needs in its environment to find them."""
    if shutil.which("kconfig-conf") is not None or not _folder().is_dir():
        return {}
    below = os.environ.get("PYTHONPATH")
    return {"PATH": _path(), "PYTHONPATH": os.pathsep.join([str(_folder()), *([below] if below else [])])}


def install() -> None:
    """Put kconfiglib into the cache. Raises ToolMissingError when pip cannot get it."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(_folder()),
        _PACKAGE,
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0 or not available():
        said = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ToolMissingError(
            f"there are no kconfig tools, and pip cannot bring {_PACKAGE} ({said})",
            "apt-get install kconfig-frontends",
        )


def _folder() -> Path:
    return pinned.cache() / "kconfiglib"


def _path() -> str:
    return os.pathsep.join([str(_folder() / "bin"), os.environ.get("PATH", os.defpath)])
