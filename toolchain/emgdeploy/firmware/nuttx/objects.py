"""Git objects, checked from a commit's name down to the last byte of the last file.

A commit is named by the SHA-1 of its text, which names a tree, which names files (Git's documentation,
"Git Internals - Git Objects"). Whoever holds the commit's name can therefore check everything below it,
whatever server or folder the bytes came from.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from emgdeploy.errors import InputError

_LINK, _SUBMODULE, _TREE = "120000", "160000", "40000"


@dataclass(frozen=True)
class Entry:
    """A file of a commit. mode: Git's, in octal digits; name: the SHA-1 of its content as an object."""

    mode: str
    name: str
    path: str

    @property
    def is_submodule(self) -> bool:
        """Whether another repository's commit stands here instead of a file."""
        return self.mode == _SUBMODULE


def object_name(kind: str, content: bytes) -> str:
    """The SHA-1 by which Git names `content`."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).hexdigest()


class Store:
    """The objects of a bare or usual repository, read without running anything that it configures."""

    def __init__(self, folder: Path, title: str) -> None:
        self._git = ["git", f"--git-dir={folder}", "-c", "core.fsmonitor=false"]
        self._title = title

    def entries(self, commit: str) -> list[Entry]:
        """All files of `commit`. Raises InputError when it is missing, or its tree is another than it says."""
        text = self._read("cat-file", "commit", commit)
        if object_name("commit", text) != commit:
            raise self._damaged(commit)
        tree = text.split(b"\n", 1)[0].removeprefix(b"tree ").decode()
        entries = [_entry(line) for line in self._read("ls-tree", "-r", "-z", commit).split(b"\0") if line]
        if _tree_name(entries) != tree:
            raise self._damaged(commit)
        return entries

    def write(self, entries: Iterable[Entry], target: Path) -> list[str]:
        """Write the files below `target`; returns the paths that the store lacks. Raises InputError."""
        missing = []
        with self._contents() as ask:
            for entry in entries:
                content = ask(entry.name)
                if content is None:
                    missing.append(entry.path)
                    continue
                if object_name("blob", content) != entry.name:
                    raise self._damaged(entry.path)
                _write(target, entry, content)
        return missing

    def _read(self, *command: str) -> bytes:
        done = subprocess.run([*self._git, *command], capture_output=True, check=False)
        if done.returncode != 0:
            words = done.stderr.decode(errors="replace").strip().splitlines() or ["git gave no reason"]
            raise InputError(
                f"{self._title} cannot be read ({words[-1]})", "name a clone or mirror that has this commit"
            )
        return done.stdout

    @contextmanager
    def _contents(self) -> Iterator[_Ask]:
        command = [*self._git, "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None and process.stdout is not None
            try:
                yield _Ask(process.stdin, process.stdout)
            finally:
                process.kill()

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self._title}: {what} is not what its hash says", "name another mirror with --from"
        )


class _Ask:
    """One question at a time to `git cat-file --batch`."""

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions, self._answers = questions, answers

    def __call__(self, name: str) -> bytes | None:
        self._questions.write(name.encode() + b"\n")
        self._questions.flush()
        header = self._answers.readline().split()
        if len(header) != 3:  # "NAME missing"
            return None
        content = self._answers.read(int(header[2]))
        self._answers.read(1)
        return content


def _entry(line: bytes) -> Entry:
    facts, _, path = line.partition(b"\t")
    mode, _, name = facts.decode().split(" ")
    return Entry(mode, name, path.decode(errors="surrogateescape"))


def _tree_name(entries: Iterable[Entry]) -> str:
    """The SHA-1 of the tree that holds these files: trees are hashed from the leaves up."""
    files: list[tuple[str, str, str]] = []
    folders: dict[str, list[Entry]] = {}
    for entry in entries:
        head, slash, rest = entry.path.partition("/")
        if slash:
            folders.setdefault(head, []).append(Entry(entry.mode, entry.name, rest))
        else:
            files.append((head, entry.mode.lstrip("0"), entry.name))
    files += [(head, _TREE, _tree_name(inside)) for head, inside in folders.items()]
    # Git sorts by bytes, a folder as if its name ended in a slash.
    files.sort(key=lambda item: _bytes(item[0] + ("/" if item[1] == _TREE else "")))
    return object_name(
        "tree",
        b"".join(
            mode.encode() + b" " + _bytes(head) + b"\0" + bytes.fromhex(name) for head, mode, name in files
        ),
    )


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _write(target: Path, entry: Entry, content: bytes) -> None:
    path = target / entry.path
    if ".." in path.parts or Path(entry.path).is_absolute():
        raise InputError(f"the path {entry.path} leads out of the tree", "name another mirror with --from")
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.mode == _LINK:
        path.symlink_to(content.decode(errors="surrogateescape"))
        return
    path.write_bytes(content)
    path.chmod(0o755 if entry.mode.endswith("755") else 0o644)
