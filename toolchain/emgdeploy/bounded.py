"""Other people's files, read only as far as they can be sensible.

A small file can ask for any amount of memory or time: a device that never ends, a table nested a million
deep. Whoever reads a file of unknown origin reads it through here, or bounds it likewise.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emgdeploy.errors import InputError

SETTINGS = 4 << 20
"""Bytes of the largest file of settings, labels or facts."""

# tomllib walks from the top for every part of a dotted key, which takes time with the square of their number.
_DEEP_KEY = re.compile(r"(?<![\w\-\"'])(?:[\w\-\"']++[ \t]*+\.[ \t]*+){32}")
_SHOWN = 200
_LEAST = 1 << 16  # some systems' own files say that they are empty
_STACK = 16 << 20


def read(path: Path, most: int, hint: str) -> bytes:
    """All bytes of a regular file of at most `most`. Raises InputError with `hint`."""
    try:
        # Opening a pipe would wait for a writer, so look first.
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path}: cannot be read (it is no file)", hint)
        with path.open("rb") as file:
            # Room is made for as much as is asked for, so no more is than the file can have.
            content = file.read(min(most, max(found.st_size, _LEAST)) + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", hint) from None
    except ValueError:  # a path with a zero byte in it
        raise InputError(f"{path}: is no path", hint) from None
    if len(content) > most:
        raise InputError(f"{path}: is larger than {most >> 20} MB, so it is not what it should be", hint)
    return content


def text(path: Path, hint: str, most: int = SETTINGS) -> str:
    """A file of UTF-8 text. Raises InputError with `hint`."""
    try:
        return read(path, most, hint).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 text ({error.reason} at byte {error.start})", hint) from None


def toml(path: Path, hint: str) -> dict[str, Any]:
    """The tables of a TOML file. Raises InputError with `hint`."""
    content = text(path, hint).replace("\r\n", "\n")
    if _DEEP_KEY.search(content):
        raise InputError(f"{path} is not valid TOML: a key in it has more than 32 parts", hint)
    try:
        return tomllib.loads(content)
    # Not only TOMLDecodeError: an integer of 5,000 digits, or a table nested too deep.
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid TOML: {_reason(error)}", hint) from None


def parsed(path: Path, hint: str, most: int = SETTINGS) -> Any:
    """The value in a JSON file. Raises InputError with `hint`."""
    try:
        return json.loads(text(path, hint, most))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON: {_reason(error)}", hint) from None


@contextmanager
def memory(extra: int) -> Iterator[None]:
    """Let this process take `extra` bytes more than it has, and not more, as long as the block runs.

    For libraries that make room for what a file claims before they look whether it is there. What they then
    raise (MemoryError, bad_alloc in their own words) has to be caught inside the block. Threads that start
    meanwhile have their stacks for free. Linux only: elsewhere nothing is limited.
    """
    try:
        import resource

        status = Path("/proc/self/status").read_text(encoding="ascii")
    except (ImportError, OSError):
        yield
        return
    taken = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData:"))
    before = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = taken + extra + _STACK * (os.cpu_count() or 1)
    known = [limit for limit in before if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *known]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _reason(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)[:_SHOWN]
