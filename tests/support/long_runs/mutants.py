"""Faults put into the product one at a time: whether the tests of the fault's room notice.

Hand-made ones are mistakes that somebody could make and no compiler would see. Generated ones swap one operator
of a module for its neighbour.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

PACKAGE = ROOT / "toolchain/emgdeploy"
ROOMS: dict[str, tuple[str, ...]] = {
    "link": ("link/test_windows.py", "link/test_liars.py", "link/test_framing.py", "link/test_cobs.py", "link/test_reading.py", "link/test_quality.py", "link/test_client.py", "link/test_lying_device.py"),
    "bench": ("bench/test_partial_results.py", "bench/test_verdict_is_kept.py", "bench/test_verdict.py"),
    "plan": ("codegen/test_shadow_arena.py", "codegen/test_random_graphs.py"),
    "files": ("cli/test_files.py", "cli/test_folders.py", "firmware/test_foreign_folders.py", "firmware/test_manifest.py"),
    "calibrate": ("calibrate",),
    "live": ("signals/test_stream.py", "firmware/test_decisions.py", "bench/test_recognise.py"),
}  # fmt: skip
_SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "and": "or", "or": "and", "+": "-", "-": "+",
    "min": "max", "max": "min", "+=": "-=", "-=": "+=", "True": "False", "False": "True", "&": "|",
}  # fmt: skip
# Modules whose operators are swapped, and how many swaps of each, evenly apart.
GENERATED = {
    "link": ("link/windows.py", "link/timeouts.py", "link/chunks.py"),
    "bench": ("bench/verdict.py", "bench/tally.py", "bench/timing.py"),
    "plan": ("codegen/plan.py", "codegen/overlap.py"),
    "files": ("files.py", "folders.py", "bounded.py"),
    "calibrate": ("calibrate/solve.py", "firmware/calibrations.py"),
    "live": ("signals/decisions.py", "signals/stream.py"),
}
OF_EACH = 3


@dataclass(frozen=True)
class Mutant:
    """One changed file. name: room, file, place and change."""

    room: str
    file: str
    name: str
    text: str


def made_by_hand(room: str, file: str, old: str, new: str) -> Mutant:
    """`old`, which must be there once, becomes `new`."""
    text = (PACKAGE / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file}: {old!r} is there {text.count(old)} times"
    return Mutant(room, file, f"{room} {file}: {old!r} -> {new!r}".replace("\t", " "), text.replace(old, new))


def generated(room: str, file: str, count: int = OF_EACH) -> list[Mutant]:
    """`count` swaps, evenly apart among all that the file has."""
    text = (PACKAGE / file).read_text(encoding="utf-8")
    places = list(_places(text))
    chosen = [places[(2 * number + 1) * len(places) // (2 * count)] for number in range(count)]
    return [_swapped(room, file, text, token) for token in dict.fromkeys(chosen)]


def _places(text: str) -> Iterator[tokenize.TokenInfo]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.OP, tokenize.NAME) and token.string in _SWAPS:
            yield token


def _swapped(room: str, file: str, text: str, token: tokenize.TokenInfo) -> Mutant:
    lines = text.splitlines(keepends=True)
    (row, column), (_, end) = token.start, token.end
    new = _SWAPS[token.string]
    lines[row - 1] = lines[row - 1][:column] + new + lines[row - 1][end:]
    return Mutant(room, file, f"{room} {file}:{row}:{column}: {token.string} -> {new}", "".join(lines))


class Overlay:
    """A copy of the package in which one file is changed, with the rest of the checkout beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("boards", "firmware_templates", "models", "LICENSE"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "toolchain").mkdir()
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, folder / "toolchain/emgdeploy", ignore=ignored)

    def survives(self, mutant: Mutant, seconds: float) -> bool:
        """Whether the tests of the mutant's room pass with it. One that never ends is noticed as well."""
        place = self._folder / "toolchain/emgdeploy" / mutant.file
        place.write_text(mutant.text, encoding="utf-8")
        try:
            return self.passes(mutant.room, seconds)
        finally:
            shutil.copy(PACKAGE / mutant.file, place)

    def passes(self, room: str, seconds: float) -> bool:
        """Whether a room's tests pass with the overlay as it is."""
        tests = [str(ROOT / "tests" / name) for name in ROOMS[room]]
        path = os.pathsep.join([str(self._folder / "toolchain"), str(ROOT / "tests")])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        # A session of its own: what a test started ends with it.
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    from contextlib import suppress

    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()
