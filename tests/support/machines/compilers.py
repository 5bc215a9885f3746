"""The compilers that generated C must please, each with every warning an error."""

from __future__ import annotations

import subprocess
from pathlib import Path

COMPILERS = {
    "gcc": ("gcc", "-std=c99", "-pedantic"),
    "clang": ("clang", "-std=c99", "-pedantic"),
    "g++": ("g++", "-x", "c++", "-std=c++17"),
    "clang++": ("clang++", "-x", "c++", "-std=c++17"),
}
_WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion")


def compiles_clean(compiler: str, source: Path, options: tuple[str, ...]) -> None:
    """AssertionError with what the compiler says of `source`."""
    command = [*COMPILERS[compiler], *_WARNINGS, *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{source}:\n{done.stderr[:2000]}"
