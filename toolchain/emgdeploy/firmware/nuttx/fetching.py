"""Bringing a pinned tree into the cache, from the public repositories or from a mirror of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emgdeploy.errors import InputError, ToolMissingError
from emgdeploy.firmware.nuttx import pinned
from emgdeploy.firmware.nuttx.objects import Store
from emgdeploy.firmware.nuttx.pinned import Repository
from emgdeploy.firmware.nuttx.tree import LEFT_OUT

Report = Callable[[str], None]
Warn = Callable[[str], None]

_TIMEOUT_S = 3600


def fetch(kind: str, origin: str | None, report: Report, warn: Warn) -> Path:
    """Make the pinned tree of `kind` in the cache, checked by hash; returns its folder.

    origin: a folder or URL that has the repositories, None for the public ones. What is there already is
    kept. Raises ToolMissingError without git or without a way to the repository, InputError for a mirror
    that lacks the commit or is damaged. A failure leaves nothing behind.
    """
    target = pinned.home(kind)
    if shutil.which("git") is None:
        raise ToolMissingError("git is not installed, and source trees come with it", "apt-get install git")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_suffix(".lock")):
        if (target / pinned.DONE).is_file():
            return target
        shutil.rmtree(target, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=".fetching-", dir=target.parent))
        try:
            for item in pinned.repositories(kind):
                _bring(item, origin, fresh / item.place, report, warn)
            (fresh / pinned.DONE).write_text(
                "".join(f"{item.place} {item.commit}\n" for item in pinned.repositories(kind))
            )
            fresh.chmod(0o755)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return target


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _bring(item: Repository, origin: str | None, target: Path, report: Report, warn: Warn) -> None:
    with _store(item, origin, report) as store:
        report(f"checking and writing {item.place}")
        entries = [
            entry
            for entry in store.entries(item.commit)
            if not entry.is_submodule and entry.path.partition("/")[0] not in LEFT_OUT
        ]
        missing = store.write(entries, target)
    if missing:
        warn(f"the mirror lacks {len(missing)} files of {item.place}: {', '.join(missing[:3])}")


@contextmanager
def _store(item: Repository, origin: str | None, report: Report) -> Iterator[Store]:
    """The objects of the commit: in a folder as they lie there, from a URL fetched into one of ours."""
    if origin is not None and "://" not in origin:
        folder = _mirror(item, Path(origin))
        yield Store(folder, str(folder))
        return
    with tempfile.TemporaryDirectory(prefix="emgdeploy-") as name:
        report(f"fetching {item.place}")
        tries = [item.url] if origin is None else [f"{origin.rstrip('/')}/{name}" for name in item.mirrors]
        yield Store(Path(name), _fetched(item, tries, name))


def _mirror(item: Repository, folder: Path) -> Path:
    """The repository of `item` below the folder that --from names."""
    names = [folder / f"{name}{ending}" for name in item.mirrors for ending in ("", ".git")]
    for path in names:
        for git in (path / ".git", path):
            if (git / "objects").is_dir():
                return git
    raise InputError(
        f"{folder} holds no Git repository {' or '.join(item.mirrors)}",
        f"git clone {item.url} {names[0]}",
    )


def _fetched(item: Repository, urls: list[str], store: str) -> str:
    """Fetch the one commit into `store`; returns the URL that had it."""
    _git("init", "--bare", "--quiet", store)
    said = ""
    for url in urls:
        done = _git("--git-dir", store, "fetch", "--quiet", "--depth=1", "--no-tags", "--", url, item.commit)
        if done.returncode == 0:
            return url
        said = (done.stderr.strip().splitlines() or ["git gave no reason"])[-1]
    raise ToolMissingError(
        f"{item.place} cannot be fetched from {urls[0]} ({said})",
        "emgdeploy setup spresense --from DIR, with a clone or mirror of the repositories in it",
    )


def _git(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TIMEOUT_S,
        check=False,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
    )
