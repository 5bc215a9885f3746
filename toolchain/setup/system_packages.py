"""Install what is missing of the system's own tools, or say in one line what to type.

    python3 system_packages.py demo|dev

Runs before any virtual environment exists, so it uses the standard library only. Exit status 4
when something is missing and may not be installed from here.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def _command(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _venv() -> bool:
    """Debian keeps ensurepip, without which a venv has no pip, in a package of its own."""
    return all(importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))


def _links(compiler: str, *flags: str) -> Callable[[], bool]:
    """A compiler alone is not enough: headers and the C library come in packages of their own."""

    def test() -> bool:
        if shutil.which(compiler) is None:
            return False
        program = '#include <stdint.h>\n#include <string.h>\nint main(void) { return (int)strlen(""); }\n'
        with tempfile.TemporaryDirectory() as folder:
            command = [compiler, *flags, "-x", "c", "-", "-o", str(Path(folder) / "a.out")]
            return subprocess.run(command, input=program, text=True, capture_output=True).returncode == 0

    return test


# What a stage needs -> how to see that it is there -> the Debian packages that bring it.
_DEMO = (
    (_venv, (f"python{sys.version_info.major}.{sys.version_info.minor}-venv",)),
    (_links("gcc"), ("gcc", "libc6-dev")),
    (
        _links("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "--specs=nosys.specs"),
        ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi"),
    ),
    (_command("qemu-system-arm"), ("qemu-system-arm",)),
)
# Generated C has to please these compilers too.
_DEV = (
    *_DEMO,
    (_command("clang-format"), ("clang-format",)),
    (_links("clang"), ("clang",)),
    (_links("g++"), ("g++",)),
)
_SETS = {"demo": _DEMO, "dev": _DEV}


def main() -> int:
    """Install what the named set lacks."""
    wanted = _SETS[sys.argv[1]]
    packages = _missing(wanted)
    if not packages:
        return 0
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    prefix = _privilege()
    if prefix is None:
        return _refuse(packages)
    print(f"installing system packages: {' '.join(packages)}", flush=True)
    # The package lists of a fresh machine are empty or old; they are fetched only when that shows.
    if _run([*prefix, *command], quiet=True) != 0:
        _run([*prefix, "apt-get", "update"], quiet=True)
        if _run([*prefix, *command]) != 0:
            return _refuse(packages)
    return _refuse(left) if (left := _missing(wanted)) else 0


def _missing(wanted: tuple[tuple[Callable[[], bool], tuple[str, ...]], ...]) -> list[str]:
    return [name for is_there, names in wanted if not is_there() for name in names]


def _privilege() -> list[str] | None:
    """What to put before apt-get, or None where it is absent or we may not use it."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive"]
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    return None


def _run(command: list[str], quiet: bool = False) -> int:
    """The exit status; unless `quiet`, the end of what a failing tool said is shown."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0 and not quiet:
        print("\n".join(done.stdout.decode(errors="replace").splitlines()[-5:]), flush=True)
    return done.returncode


def _refuse(packages: list[str]) -> int:
    print(f"error: these system packages are missing: {' '.join(packages)}", file=sys.stderr)
    print(f"try: sudo apt-get install -y --no-install-recommends {' '.join(packages)}", file=sys.stderr)
    return 4


if __name__ == "__main__":
    sys.exit(main())
