"""Build folders: made aside and put in place whole, and found again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emgdeploy import state
from emgdeploy.errors import InputError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import manifest
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.folders import Say, replacing_folder

BUILDS = Path("build")
_LATEST = BUILDS / "latest"
_KIND = "latest"
_LONGEST_PATH = 4096
# No name of a folder: it is a path that leads nowhere.
_ELSEWHERE = "(elsewhere)"
# What other commands write into a build folder, and can write again.
_LATER = ("bench.*", "profile.*", "flashed.json")


def default_folder(board_name: str) -> Path:
    """Where a build goes without --out."""
    return BUILDS / board_name


@contextmanager
def replacing_build(out: Path, say: Say = lambda text: None) -> Iterator[Path]:
    """An empty folder that takes the place of the build in `out`; see folders.replacing_folder."""
    with replacing_folder(out, manifest.FILE, "build", _LATER, say) as fresh:
        yield fresh


def remember(folder: Path, say: Say = lambda text: None) -> None:
    """Make `folder` the most recent build; `say` is told when that cannot be noted, which spoils no build.

    `build/latest` may travel with a project, so it holds no path that leads out of the current folder, and a folder that
    does not lie beside it counts only when this machine's own notes say the same.
    """
    try:
        write_atomic(_LATEST, os.fsencode(_from_here(folder)) + b"\n")
    except OSError as error:
        say(f"{_LATEST} cannot be written ({error.strerror}): name this build with --build {folder}")
        return
    if not _beside_latest(folder) and not state.note(_KIND, _latest_name(), _spelt(folder)):
        say(f"{state.folder()} cannot be written: name this build with --build {folder}")


def _from_here(folder: Path) -> str:
    """Its path from the current folder; a word for one that lies elsewhere, which the machine's notes know."""
    whole, here = folder.resolve(), Path.cwd().resolve()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else _ELSEWHERE


def _beside_latest(folder: Path) -> bool:
    return folder.resolve().is_relative_to(BUILDS.resolve())


def _spelt(folder: Path) -> str:
    """Its path in hexadecimal: a path may be no text."""
    return os.fsencode(folder.resolve()).hex()


def _unspelt(text: str) -> Path:
    try:
        return Path(os.fsdecode(bytes.fromhex(text)))
    except ValueError:
        return Path(_ELSEWHERE)


def _latest_name() -> str:
    return hashlib.sha256(os.fsencode(_LATEST.resolve())).hexdigest()


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
        with _LATEST.open("rb") as file:
            text = os.fsdecode(file.read(_LONGEST_PATH)).strip()
    except OSError as error:
        raise UsageError("there is no build yet", "emgdeploy build --board NAME, or --build DIR") from error
    noted = state.noted(_KIND, _latest_name())
    folder = Path.cwd() / text
    if text == _ELSEWHERE and noted is not None:
        folder = _unspelt(noted)
    if not _beside_latest(folder) and noted != _spelt(folder):
        raise InputError(
            f"{_LATEST} names {folder}, which does not lie below {BUILDS} and was not built from here",
            "name the build with --build DIR if you know it, or build again",
        )
    if not folder.is_dir():
        raise UsageError(f"the most recent build, {folder}, is gone", "build again, or name one with --build")
    return folder
