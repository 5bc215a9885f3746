"""Folders change in one step, and what is the user's own in them is kept."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emgdeploy import files, folders
from emgdeploy.errors import UsageError
from emgdeploy.files import abandoned, signals_held, write_atomic
from emgdeploy.firmware import builds
from emgdeploy.folders import replacing_folder, updating_folder

MARK = "mark.json"


def tree(folder: Path) -> dict[str, bytes]:
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if MARK in found:
        found[MARK] = json.loads(found[MARK])["word"].encode()
    return found


def make(out: Path, text: str, say: Callable[[str], None] = lambda text: None) -> None:
    with replacing_folder(out, MARK, "test", ("later.*",), say) as fresh:
        write_atomic(fresh / MARK, json.dumps({"word": text}))
        write_atomic(fresh / "src" / "a.c", text)


def update(out: Path, text: str, say: Callable[[str], None] = lambda text: None) -> None:
    with updating_folder(out, MARK, ("progress-*",), say) as fresh:
        write_atomic(fresh / MARK, json.dumps({"word": text}))
        write_atomic(fresh / "src" / "a.c", text)


NEW, OLD = ({MARK: word, "src/a.c": word} for word in (b"new", b"old"))


def without_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "exchange", lambda one, other: False)


# What can go wrong at a call, and whether it is before or after the system has done it.
FAULTS = ("error", "before", "after")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EPERM)
# The events of sys.audit that touch files, beside the calls that have none.
EVENTS = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.chmod",
    "os.listdir",
    "os.scandir",
}


class Shim:
    """Counts the calls of the file layer below a folder, and lets the `at`-th of them go wrong."""

    def __init__(self) -> None:
        self.top, self.at, self.fault, self.count = "", -1, "", 0
        sys.addaudithook(self._audit)

    @contextmanager
    def armed(self, top: Path, at: int, fault: str) -> Iterator[None]:
        self.top, self.at, self.fault, self.count = str(top), at, fault, 0
        try:
            yield
        finally:
            self.top = ""

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.top and event in EVENTS and str(arguments[0]).startswith(self.top):
            self.hit(str(arguments[0]))

    def hit(self, name: str) -> None:
        self.count += 1
        if self.count != self.at:
            return
        if self.fault == "error":
            code = ERRORS[self.at % len(ERRORS)]
            raise OSError(code, os.strerror(code), name)
        signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def shim() -> Shim:
    return Shim()


@pytest.fixture
def faulty(shim: Shim, monkeypatch: pytest.MonkeyPatch) -> Shim:
    """The shim around the calls that sys.audit does not see as well."""

    def around(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def call(*arguments: object) -> object:
            if shim.top and shim.fault != "after":
                shim.hit(name)
            done = real(*arguments)
            if shim.top and shim.fault == "after":
                shim.hit(name)
            return done

        monkeypatch.setattr(owner, name, call)

    monkeypatch.setattr(
        os, "fsync", lambda handle: None
    )  # hundreds of folders are made; no power is cut here
    around(os, "fsync")
    around(folders, "exchange")
    around(Path, "write_bytes")
    return shim


@pytest.mark.parametrize(("put", "exchange"), [(make, True), (make, False), (update, True)])
@pytest.mark.parametrize("fault", FAULTS)
def test_old_or_new_whole_whatever_call_goes_wrong(
    put: Callable[[Path, str], None],
    exchange: bool,
    fault: str,
    faulty: Shim,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not exchange:
        without_exchange(monkeypatch)
    out = tmp_path / "out"
    at, seen = 0, set()
    while True:
        at += 1
        make(out, "old")
        files._swept.clear()
        ended = "well"
        with faulty.armed(tmp_path, at, fault):
            try:
                put(out, "new")
            except OSError as error:
                assert fault == "error" and error.errno in ERRORS
                ended = "error"
            except KeyboardInterrupt:
                ended = "interrupted"
        found = tree(out)
        assert found in (OLD, NEW), (at, found)
        assert ended != "well" or found == NEW
        seen.add((ended, found == NEW))
        if faulty.count < at:
            break
    assert at > 20 and ("well", True) in seen and len(seen) > 1
    monkeypatch.setattr(files, "_lives", lambda process: False)
    make(out, "old")
    assert [path.name for path in tmp_path.iterdir()] == ["out"], sorted(tmp_path.rglob("*"))


def test_a_file_of_the_users_and_an_edit_are_kept_aside(tmp_path: Path) -> None:
    out, said = tmp_path / "out", list[str]()
    make(out, "old")
    (out / "notes.txt").write_text("mine")
    (out / "src" / "a.c").write_text("edited")
    (out / "later.json").write_text("made by another command")
    make(out, "new", said.append)
    assert tree(out) == NEW
    assert tree(tmp_path / "out.kept-1") == {"notes.txt": b"mine", "src/a.c": b"edited"}
    assert len(said) == 1 and "notes.txt, src/a.c" in said[0] and str(tmp_path / "out.kept-1") in said[0]
    make(out, "newer", said.append)
    assert len(said) == 1
    (out / "more.txt").write_text("mine too")
    make(out, "new", said.append)
    assert tree(tmp_path / "out.kept-2") == {"more.txt": b"mine too"} and len(said) == 2


def test_a_folder_without_a_list_is_kept_whole(tmp_path: Path) -> None:
    out, said = tmp_path / "out", list[str]()
    make(out, "old")
    (out / MARK).write_text(json.dumps({"word": "old"}))
    make(out, "new", said.append)
    assert tree(tmp_path / "out.kept-1") == OLD and said


def test_an_update_leaves_the_users_files_where_they_are(tmp_path: Path) -> None:
    out, said = tmp_path / "out", list[str]()
    update(out, "old")
    (out / "notes").mkdir()
    (out / "notes" / "n.txt").write_text("mine")
    (out / "link").symlink_to("nowhere")
    (out / "progress-1").write_text("half-way")
    update(out, "new", said.append)
    assert tree(out) == {**NEW, "notes/n.txt": b"mine"} and not said
    assert (out / "link").readlink() == Path("nowhere")
    (out / "src" / "a.c").write_text("edited")
    update(out, "newer", said.append)
    assert tree(tmp_path / "out.kept-1") == {"src/a.c": b"edited"} and len(said) == 1


def test_a_folder_that_somebody_stands_in_is_filled_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    make(out, "old")
    monkeypatch.chdir(out)
    (out / "notes.txt").write_text("mine")
    update(Path(), "new")
    assert tree(out) == {**NEW, "notes.txt": b"mine"}
    assert Path().samefile(out)
    with pytest.raises(UsageError, match="the folder you are in"):
        make(Path(), "newer")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("exchange", [True, False])
def test_what_a_killed_process_leaves_is_put_right(
    exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at every call in turn; a process that is no more has left the folder to the next one."""
    if not exchange:
        without_exchange(monkeypatch)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    out = tmp_path / "out"
    for at in range(1, 200, 2):
        make(out, "old")
        (out / "notes.txt").write_text("mine")
        child = os.fork()
        if not child:
            _die_at(at)
            make(out, "new")
            os._exit(0)
        done = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if exchange:
            assert tree(out) in ({**OLD, "notes.txt": b"mine"}, NEW), at
        make(out, "newer")
        kept = [tree(path) for path in tmp_path.iterdir() if ".kept-" in path.name]
        assert len(kept) == 1 and kept[0]["notes.txt"] == b"mine", at
        assert not abandoned(tmp_path)
        shutil.rmtree(tmp_path / "out.kept-1")
        if not done:
            break
    assert at > 20 and not done


def _die_at(at: int) -> None:
    calls = 0

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal calls
        if event not in EVENTS:
            return
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


def test_signals_wait_for_the_end_of_the_block() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), signals_held():
        signal.raise_signal(signal.SIGINT)
        steps.append("whole")
    assert steps == ["whole"]


def test_a_new_folder_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        make(tmp_path / "out", "new")
        assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
        assert (tmp_path / "out" / MARK).stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


def test_a_build_that_cannot_be_noted_as_the_latest_is_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").write_text("a file where the folder should be")
    said = list[str]()
    builds.remember(tmp_path / "b", said.append)
    assert len(said) == 1 and f"--build {tmp_path / 'b'}" in said[0]


def test_an_interrupt_at_the_exchange_waits_until_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "out", "old")
    exchange = folders._Aside._exchange

    def interrupted(aside: folders._Aside) -> None:
        signal.raise_signal(signal.SIGINT)
        exchange(aside)

    monkeypatch.setattr(folders._Aside, "_exchange", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "out", "new")
    assert tree(tmp_path / "out") == NEW and [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_old_folder_that_a_killed_process_had_moved_away_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    make(out, "old")
    (out / "notes.txt").write_text("mine")
    place = files.passing(out)
    (place / "new").mkdir(parents=True)
    out.rename(place / "old")
    monkeypatch.setattr(files, "_lives", lambda process: False)
    update(out, "new")
    assert tree(out) == {**NEW, "notes.txt": b"mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
