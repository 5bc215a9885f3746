"""Recognising a source tree, and knowing it again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emgdeploy.errors import InputError

NUTTX, SDK = "nuttx", "sdk"

# Not needed for a build, and most of a tree's bytes.
LEFT_OUT = frozenset({".git", ".github", "Documentation"})

_CHIP = Path("arch/arm/src/cxd56xx")


@dataclass(frozen=True)
class Tree:
    """A user's tree. parts: name in the copy -> folder of the user; kind: "nuttx" or "sdk".

    nuttx: where NuttX itself lies in the copy.
    """

    kind: str
    parts: dict[str, Path]
    nuttx: str

    def fingerprint(self) -> str:
        """Changes with the name, size and modification time of any file that a build could see."""
        digest = hashlib.sha256(self.kind.encode())
        for name, root in sorted(self.parts.items()):
            for path, status in _files(root):
                entry = f"{name}/{path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_mode}\n"
                digest.update(entry.encode(errors="surrogateescape"))
        return digest.hexdigest()[:16]


def find_nuttx(folder: Path) -> Tree:
    """Upstream NuttX: `folder` is its source, or holds it as `nuttx`; `apps` lies beside it.

    Raises InputError that says what is missing.
    """
    source = next((path for path in (folder, folder / "nuttx") if _is_nuttx(path)), None)
    if source is None:
        raise InputError(
            f"{folder} is no NuttX source tree (tools/configure.sh is missing)",
            "git clone https://github.com/apache/nuttx, and https://github.com/apache/nuttx-apps as `apps` beside it",
        )
    apps = next((p for p in (source.parent / "apps", source.parent / "nuttx-apps") if _is_apps(p)), None)
    if apps is None:
        raise InputError(
            f"there are no NuttX applications beside {source}",
            f"git clone https://github.com/apache/nuttx-apps {source.parent / 'apps'}",
        )
    _check_chip(source)
    return Tree(NUTTX, {"nuttx": source, "apps": apps}, "nuttx")


def find_sdk(folder: Path) -> Tree:
    """The Spresense SDK: the repository's top folder, or its `sdk` folder. Raises InputError."""
    root = folder.parent if (folder / "tools" / "mkappsdir.py").is_file() else folder
    if not (root / "sdk" / "tools" / "mkappsdir.py").is_file():
        raise InputError(
            f"{folder} is no Spresense SDK (sdk/tools/mkappsdir.py is missing)",
            "git clone --recursive https://github.com/sonydevworld/spresense",
        )
    if not _is_nuttx(root / "nuttx") or not _is_apps(root / "sdk" / "apps"):
        raise InputError(
            f"{root}: the submodules nuttx and sdk/apps are empty",
            f"git -C {root} submodule update --init --recursive",
        )
    _check_chip(root / "nuttx")
    return Tree(SDK, {"spresense": root}, "spresense/nuttx")


def _is_nuttx(folder: Path) -> bool:
    return (folder / "tools" / "configure.sh").is_file() and (folder / "sched").is_dir()


def _is_apps(folder: Path) -> bool:
    return (folder / "Application.mk").is_file()


def _check_chip(source: Path) -> None:
    if not (source / _CHIP).is_dir():
        raise InputError(f"{source} does not support the CXD5602", "use a current NuttX or Spresense SDK")


def _files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118 -- 80,000 files: Path is too slow here
            yield os.path.relpath(path, root), os.lstat(path)
