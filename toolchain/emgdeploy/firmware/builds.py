"""Build folders: made aside and put in place whole, and found again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emgdeploy.errors import InputError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import manifest
from emgdeploy.firmware.manifest import Manifest

BUILDS = Path("build")
_LATEST = BUILDS / "latest"


def default_folder(board_name: str) -> Path:
    """Where a build goes without --out."""
    return BUILDS / board_name


@contextmanager
def replacing_folder(out: Path, mark: str = manifest.FILE, kind: str = "build") -> Iterator[Path]:
    """An empty folder beside `out` that takes its place when the block ends well.

    A block that raises leaves `out` as it was. Raises UsageError when `out` holds something that is no
    such folder, which the file `mark` tells, because replacing would delete it.
    """
    _refuse_foreign(out, mark, kind)
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        fresh.chmod(0o755)
        yield fresh
        _swap(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_foreign(out: Path, mark: str, kind: str) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / mark).is_file():
        raise UsageError(f"{out} exists and is no {kind} folder", "name another folder with --out")


def _swap(fresh: Path, out: Path) -> None:
    if out.is_symlink():
        out = out.resolve()
    if not out.exists():
        fresh.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    out.rename(old / out.name)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def remember(folder: Path) -> None:
    """Make `folder` the most recent build."""
    write_atomic(_LATEST, f"{folder.resolve()}\n")


def find(build: Path | None) -> tuple[Path, Manifest]:
    """A build folder and its manifest: `build`, or the most recent one.

    Raises UsageError when there is none yet, InputError for a folder that holds no sound build.
    """
    folder = build if build is not None else _latest()
    if not folder.is_dir():
        raise InputError(f"there is no build folder {folder}", "make one with `emgdeploy build`")
    return folder, manifest.load(folder)


def find_for_board(board_name: str) -> tuple[Path, Manifest]:
    """The most recent build if it is for this board, otherwise the one in the default folder."""
    with suppress(UsageError, InputError):
        folder, found = find(None)
        if found.board == board_name:
            return folder, found
    folder = default_folder(board_name)
    if not folder.is_dir():
        raise UsageError(f"there is no build for {board_name} yet", f"emgdeploy build --board {board_name}")
    return find(folder)


def _latest() -> Path:
    try:
        folder = Path(_LATEST.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("there is no build yet", "emgdeploy build --board NAME, or --build DIR") from error
    if not folder.is_dir():
        raise UsageError(f"the most recent build, {folder}, is gone", "build again, or name one with --build")
    return folder
