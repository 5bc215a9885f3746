"""What a remembered result depends on: sources, and the compilers that made programs of them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
COMPILERS = ("gcc", "clang", "arm-none-eabi-gcc", "qemu-system-arm")


def of(places: Iterable[str]) -> str:
    """64 hexadecimal digits of all files below `places` (paths from the root of the checkout) and of the compilers."""
    digest = hashlib.sha256(compilers().encode())
    for name in places:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def compilers() -> str:
    """The first line that each says of itself; nothing for one that is not there."""
    found = [name for name in COMPILERS if shutil.which(name)]
    said = [subprocess.run([name, "--version"], capture_output=True, text=True).stdout for name in found]
    return "\n".join(text.partition("\n")[0] for text in said)
