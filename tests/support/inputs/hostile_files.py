"""Mutants of every kind of file that emgdeploy reads, each read in a child with limits of memory and time.

A mutant is read, or refused by one sentence with a way out. Anything else is a failure that names its number,
from which the same mutant comes again.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import resource
import signal
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np

from emgdeploy.errors import EmgDeployError
from support.inputs import hostile_seeds
from support.inputs.mutations import CHANGES

MOST_SECONDS, MOST_BYTES = 10, 2 << 30

Read = Callable[[Path], None]
Change = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True)
class Kind:
    """seed: writes a sound file into a folder. read: what takes the file in; raises EmgDeployError."""

    seed: Callable[[Path], Path]
    read: Read
    change: Change


def change_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three changes of bits, bytes, words, numbers or lengths."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if len(changed) > 8:
            how = CHANGES[int(rng.integers(len(CHANGES)))]
            changed = how(changed, int(rng.integers(len(changed) - 4)), rng)
    return bytes(changed)


def change_archive(data: bytes, rng: np.random.Generator) -> bytes:
    """A member of a zip file, or one time in four the zip file itself: a mutant's check sums are mostly right."""
    if rng.random() < 0.25:
        return change_bytes(data, rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        chosen = int(rng.integers(len(names)))
        for number, name in enumerate(names):
            content = old.read(name)
            new.writestr(name, change_bytes(content, rng) if number == chosen else content)
    return buffer.getvalue()


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\w.+-]+|[^\w\s]|\n')
_WORDS = (
    b"-1", b"0", b"1e400", b"nan", b"inf", b"-inf", b"null", b"true", b"9" * 400, b"18446744073709551616", b'""',
    b'"\\u0000"', b'"\\u001b[2J"', b'"../../etc/passwd"', b'"/dev/zero"', b"[]", b"{}", b"[[[[", b'"' + b"x" * 5000 + b'"',
    b"1e-400", b"0x10", b"1979-05-27", b"\xff\xfe", b"", b"=", b".", b",", b"4096", b"2147483648", b"-0.0",
)  # fmt: skip


def change_text(data: bytes, rng: np.random.Generator) -> bytes:
    """Tokens replaced by others of the file or by words that hurt, lines doubled or left out; now and then bytes."""
    if rng.random() < 0.1:
        return change_bytes(data, rng)
    for _ in range(int(rng.integers(1, 4))):
        tokens = list(_TOKEN.finditer(data))
        if not tokens:
            return data
        at = tokens[int(rng.integers(len(tokens)))]
        other = tokens[int(rng.integers(len(tokens)))].group()
        roll = rng.random()
        if roll < 0.5:
            data = data[: at.start()] + _WORDS[int(rng.integers(len(_WORDS)))] + data[at.end() :]
        elif roll < 0.8:
            data = data[: at.start()] + other + data[at.end() :]
        else:
            lines = data.split(b"\n")
            line = int(rng.integers(len(lines)))
            lines[line : line + 1] = [lines[line]] * (2 * int(rng.integers(2)))
            data = b"\n".join(lines)
    return data


KINDS: dict[str, Kind] = {
    "onnx": Kind(hostile_seeds.onnx_file, hostile_seeds.read_onnx, change_bytes),
    "pt": Kind(hostile_seeds.checkpoint, hostile_seeds.read_checkpoint, change_archive),
    "npz": Kind(hostile_seeds.windows, hostile_seeds.read_windows, change_archive),
    "mat": Kind(hostile_seeds.matlab, hostile_seeds.read_recording, change_bytes),
    "csv": Kind(hostile_seeds.csv, hostile_seeds.read_recording, change_text),
    "dataset": Kind(hostile_seeds.dataset, hostile_seeds.read_dataset, change_text),
    "board": Kind(hostile_seeds.board, hostile_seeds.read_board, change_text),
    "preprocess": Kind(hostile_seeds.preprocess, hostile_seeds.read_preprocess, change_text),
    "config": Kind(hostile_seeds.config, hostile_seeds.read_config, change_text),
    "manifest": Kind(hostile_seeds.manifest_file, hostile_seeds.read_manifest, change_text),
    "partial": Kind(hostile_seeds.partial, hostile_seeds.read_partial, change_archive),
}
"""TOML is four of them: what reads a table differs from file to file."""


def fuzz(kind: str, first: int, count: int) -> str:
    """Mutants `first` to `first + count - 1`, in a child; what came out. Raises AssertionError for a bad end."""
    context = multiprocessing.get_context("spawn")
    at, answers = context.Value("q", -1), context.SimpleQueue()
    child = context.Process(target=_child, args=(kind, first, count, at, answers))
    child.start()
    child.join(60 + count * MOST_SECONDS / 10)
    if child.is_alive():
        child.kill()
        child.join()
    assert child.exitcode == 0, f"{kind}: mutant {at.value} ended the process with {child.exitcode}"
    found: str = answers.get()
    assert not found.startswith("failed"), found
    return found


def _child(kind: str, first: int, count: int, at: Synchronized[int], answers: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        result = _fuzz_here(KINDS[kind], Path(folder), kind, first, count, at)
    answers.put(result)  # type: ignore[attr-defined]


def _fuzz_here(kind: Kind, folder: Path, name: str, first: int, count: int, at: Synchronized[int]) -> str:
    path = kind.seed(folder)
    sound = path.read_bytes()
    kind.read(path)  # the seed itself is sound, or no mutant says anything
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    taken = refused = 0
    slowest = 0.0
    for number in range(first, first + count):
        at.value = number
        path.write_bytes(kind.change(sound, np.random.default_rng(number)))
        begun = time.perf_counter()
        signal.alarm(MOST_SECONDS)
        try:
            kind.read(path)
            taken += 1
        except EmgDeployError as error:
            refused += 1
            if not error.hint or len(error.message) < 10 or "\n" in error.message:
                return f"failed: {name} {number}: {error.message!r}"
        except BaseException as error:
            return f"failed: {name} {number}: {type(error).__name__}: {str(error)[:200]}"
        finally:
            signal.alarm(0)
        slowest = max(slowest, time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    if peak >= MOST_BYTES:
        return f"failed: {name}: {peak >> 20} MB at the peak"
    return f"{count} mutants: {refused} refused, {taken} read, slowest {slowest:.2f} s, peak {peak >> 20} MB"
