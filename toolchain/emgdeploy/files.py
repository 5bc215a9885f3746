"""Writing files so that nobody ever sees half of one.

Every artefact is written beside its destination and then renamed over it, which POSIX and
Windows both do in one step. A killed process leaves the old file, or none, and perhaps a hidden
file of its own beside it, which the next process that writes there removes.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import signal
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
_PASSING = re.compile(r"\..*-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}(?:\..*)?")
_swept: set[Path] = set()


def write_atomic(path: Path, content: bytes | str) -> None:
    """Make `path` hold `content` (text as UTF-8, line ends untouched), wholly or not at all.

    Missing parent folders are made. Raises OSError when the disk or the permissions say no.
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, with the same suffix, that replaces it when the block ends well.

    For libraries that insist on writing the file themselves (`numpy.savez`, `torch.save`).
    When the block raises, the temporary file goes and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(path.parent)
    temporary = passing(path, path.suffix)
    try:
        # The permissions of any new file: what the umask leaves of 0666.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _to_disk(temporary)
        temporary.replace(path)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # a full disk is reported without one
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            temporary.unlink()


def sha256_of(path: Path) -> str:
    """A file's SHA-256 in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    """Without this a power cut soon after the rename can leave an empty file under the new name."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def passing(path: Path, suffix: str = "") -> Path:
    """A hidden name beside `path` that tells machine and process, so that what a killed one left is known."""
    return path.with_name(f".{path.stem}-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}{suffix}")


def abandoned(folder: Path) -> list[Path]:
    """What processes of this machine that are no more left in `folder` under names of `passing`."""
    if os.name != "posix":
        return []  # nobody can be asked there whether a process lives
    found = []
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            match = _PASSING.fullmatch(path.name)
            if match and match[1] == _machine() and not _lives(int(match[2])):
                found.append(path)
    return found


def _sweep_once(folder: Path) -> None:
    """Remove the files that killed processes left; folders are for `folders` to judge."""
    if folder in _swept:
        return
    _swept.add(folder)
    for path in abandoned(folder):
        with suppress(OSError):
            path.unlink()


def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def signals_held() -> Iterator[None]:
    """Ctrl-C, `kill` and a closed terminal wait until the block has ended, and count then.

    For the few steps between which there is no sound state. Only the main thread can hold them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    held = [number for number, handler in before.items() if callable(handler)]
    try:
        for number in held:
            signal.signal(number, lambda number, frame: came.append((number, frame)))
        yield
    finally:
        for number in held:
            signal.signal(number, before[number])
        for number, frame in came[:1]:
            handler = before[number]
            if callable(handler):
                handler(number, frame)
