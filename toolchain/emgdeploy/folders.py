"""Whole folders that appear in one step, and nothing of the user's lost on the way.

A new folder is made aside under a hidden name and exchanged with the old one. One JSON file of each, its
mark, lists the files that were made with their SHA-256. What is not in the old one's list, or was changed
since, is the user's own: it is kept beside the folder and never deleted.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import NoReturn

from emgdeploy.errors import UsageError
from emgdeploy.files import abandoned, passing, signals_held, write_atomic

LIST = "hashes"
"""Key of a folder's list of files in its mark, path -> SHA-256; the mark itself is not in it."""

Say = Callable[[str], None]

_UNFINISHED = "unfinished"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h
# What a kernel or a file system says that cannot exchange; plain renames find out what is really wrong.
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)


@contextmanager
def replacing_folder(
    out: Path, mark: str, kind: str, later: Collection[str] = (), say: Say = lambda text: None
) -> Iterator[Path]:
    """An empty folder beside `out` that takes its place in one step when the block ends well.

    A block that raises leaves `out` as it was. later: patterns of files that other commands write into such
    a folder, which go with it. say: told where the user's own files of the old folder are now. Raises
    UsageError when `out` holds something that is no such folder, which the file `mark` tells, or is the
    folder that the process stands in.
    """
    out = out.resolve()
    _refuse(out, mark, kind)
    with _Aside(out, out, mark, later, say) as aside:
        yield aside.fresh
        _note(aside.fresh, mark, {})
        aside.publish()


@contextmanager
def updating_folder(
    out: Path, mark: str, gone: Collection[str] = (), say: Say = lambda text: None
) -> Iterator[Path]:
    """A folder whose files join those of `out` when the block ends well: all of them, or none.

    What else `out` holds stays, without the files whose names fit a pattern of `gone`. A file of the
    user's own that has the name of a new one is kept aside, and `say` told where. A folder that somebody
    stands in, or that is all one may write to, is filled file by file. Raises UsageError where `out` is a file.
    """
    out = out.resolve()
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", "name a folder with --out")
    fixed = out.is_dir() and (_stands_in(out) or os.path.ismount(out) or not os.access(out.parent, os.W_OK))
    with _Aside(out, out / out.name if fixed else out, mark, (), say) as aside:
        yield aside.fresh
        new = _files(aside.fresh)
        listed = _listed(out / mark)
        _note(aside.fresh, mark, {name: digest for name, digest in listed.items() if (out / name).exists()})
        if fixed:
            _move_in(aside.fresh, out, mark, gone, say)
        else:
            if out.exists():
                _carry(out, aside.fresh, gone)
            aside.publish(new)


def _refuse(out: Path, mark: str, kind: str) -> None:
    if not out.exists():
        return
    if _stands_in(out):
        raise UsageError(f"{out} is the folder you are in, and would be replaced", "cd out of it first")
    if out.is_dir() and not any(out.iterdir()):
        return
    if not (out / mark).is_file():
        raise UsageError(f"{out} exists and is no {kind} folder", "name another folder with --out")


def _stands_in(out: Path) -> bool:
    with suppress(OSError):
        return Path.cwd().is_relative_to(out)
    return False


class _Aside:
    """A hidden place for the new folder, `fresh`, and after the exchange for the old one.

    While the file "unfinished" lies in it, nothing in it is worth keeping.
    """

    def __init__(self, out: Path, beside: Path, mark: str, later: Collection[str], say: Say) -> None:
        self._out, self._mark, self._later, self._say = out, mark, later, say
        beside.parent.mkdir(parents=True, exist_ok=True)
        self._recover(beside)
        self._place = passing(beside)
        self.fresh = self._place / "new"

    def __enter__(self) -> _Aside:
        try:
            self.fresh.mkdir(parents=True)
            (self._place / _UNFINISHED).touch()
        except BaseException:
            shutil.rmtree(self._place, ignore_errors=True)
            raise
        if self._out.is_dir():
            with suppress(OSError):
                shutil.copymode(self._out, self.fresh)
        return self

    def __exit__(self, *_: object) -> None:
        if (self._place / _UNFINISHED).exists():
            shutil.rmtree(self._place, ignore_errors=True)

    def publish(self, only: Collection[str] | None = None) -> None:
        """`fresh` becomes `out`, in one step. only: what may be the user's own in the old one; None: anything."""
        unfinished = self._place / _UNFINISHED
        with signals_held():
            unfinished.unlink()
            try:
                self._exchange()
            except BaseException:
                if not (self._place / "old").exists():
                    unfinished.touch()
                raise
            self._discard(self._place, only)

    def _exchange(self) -> None:
        """Either all of it happens, or nothing."""
        if not self._out.exists():
            self.fresh.rename(self._out)
            return
        if exchange(self.fresh, self._out):
            return
        old = self._place / "old"
        self._out.rename(old)
        try:
            self.fresh.rename(self._out)
        except BaseException:
            old.rename(self._out)
            raise

    def _recover(self, beside: Path) -> None:
        """What killed processes left: an old folder that was moved away comes back, the rest goes."""
        for place in abandoned(beside.parent):
            if not place.name.startswith(f".{beside.stem}-") or not place.is_dir():
                continue
            if (place / _UNFINISHED).exists():
                shutil.rmtree(place, ignore_errors=True)
                continue
            if (place / "old").exists() and not self._out.exists():
                (place / "old").rename(self._out)
            self._discard(place, None)

    def _discard(self, place: Path, only: Collection[str] | None) -> None:
        """Delete what lies in `place`, but keep the user's own of it beside `out`. Raises nothing."""
        for old in (place / "new", place / "old"):
            if not old.exists():
                continue
            try:
                own = _own(old, self._mark, self._later)
                _discard(old, self._out, sorted(own if only is None else own & set(only)), self._say)
            except OSError as error:
                self._say(f"the folder that {self._out} replaced is in {old} ({error.strerror})")
        with suppress(OSError):
            place.rmdir()


def exchange(one: Path, other: Path) -> bool:
    """Swap two paths in one step; False where system or file system cannot. Raises OSError."""
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _discard(old: Path, out: Path, own: list[str], say: Say) -> None:
    """Delete a folder that was replaced, and keep the user's own of it beside `out`. Raises OSError."""
    if not own:
        (old.parent / _UNFINISHED).touch()  # whoever finds half of it may delete the rest
        shutil.rmtree(old.parent, ignore_errors=True)
        return
    kept = _free_name(out)
    old.rename(kept)
    for name in set(_files(kept)) - set(own):
        with suppress(OSError):
            (kept / name).unlink()
    _drop_empty(kept)
    say(_said(out, own, kept))


def _own(folder: Path, mark: str, later: Collection[str]) -> set[str]:
    """Files that the list of `folder` does not have as they are; all of them where there is no list."""
    listed = _listed(folder / mark)
    return {
        name
        for name in _files(folder)
        if not (listed and name == mark)
        and not any(fnmatch(name, pattern) for pattern in later)
        and listed.get(name) != _digest(folder / name)
    }


def _listed(mark: Path) -> dict[str, str]:
    try:
        found = json.loads(mark.read_text(encoding="utf-8"))[LIST]
        return {str(name): str(digest) for name, digest in found.items()}
    except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _note(folder: Path, mark: str, before: dict[str, str]) -> None:
    """Write the list of what is in `folder` now, and of what was made `before`, into its mark."""
    table = json.loads((folder / mark).read_text(encoding="utf-8"))
    if LIST in table:
        return
    made = before | {name: _digest(folder / name) for name in _files(folder)}
    made.pop(mark, None)
    write_atomic(folder / mark, json.dumps({**table, LIST: dict(sorted(made.items()))}, indent=2) + "\n")


def _unreadable(error: OSError) -> NoReturn:
    raise error


def _files(folder: Path) -> list[str]:
    """Everything but folders below `folder`, and links as what they are. Raises OSError."""
    return sorted(
        Path(top, name).relative_to(folder).as_posix()
        for top, folders, files in os.walk(folder, onerror=_unreadable)
        for name in [*files, *(name for name in folders if Path(top, name).is_symlink())]
    )


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    if not path.is_file():
        return "special"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _carry(out: Path, fresh: Path, gone: Collection[str]) -> None:
    """What `out` has beside the new files, as further names of the same files where the system can."""
    for name in _files(out):
        target = fresh / name
        if os.path.lexists(target) or any(fnmatch(name, pattern) for pattern in gone):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(out / name, target, follow_symlinks=False)
        except OSError:
            shutil.copy2(out / name, target, follow_symlinks=False)
    for top, folders, _ in os.walk(out, onerror=_unreadable):
        for name in folders:
            (fresh / Path(top, name).relative_to(out)).mkdir(parents=True, exist_ok=True)


def _move_in(fresh: Path, out: Path, mark: str, gone: Collection[str], say: Say) -> None:
    """The same file by file, for a folder that cannot be exchanged."""
    new = sorted(_files(fresh), key=lambda name: name == mark)  # the mark last
    own = sorted(_own(out, mark, gone) & set(new))
    with signals_held():
        if own:
            kept = _free_name(out / out.name)
            for name in own:
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(out / name, kept / name)
            say(_said(out, own, kept))
        for name in new:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).replace(out / name)
        for path in out.iterdir():
            if any(fnmatch(path.name, pattern) for pattern in gone):
                path.unlink(missing_ok=True)


def _said(out: Path, own: list[str], kept: Path) -> str:
    shown = ", ".join(own[:3]) + (f" and {len(own) - 3} more" if len(own) > 3 else "")
    return f"{out} held files of your own or changed by you ({shown}): they are in {kept} now"


def _free_name(out: Path) -> Path:
    number = 1
    while os.path.lexists(path := out.with_name(f"{out.name}.kept-{number}")):
        number += 1
    return path


def _drop_empty(folder: Path) -> None:
    for top, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(top).rmdir()
