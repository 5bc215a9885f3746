"""Whole commands under strace: whatever call that changes files goes wrong, each file is the old or the new one, whole.

A call is let fail, or the process is killed or interrupted at it; tried are calls from the first one on that touches
the output, EMGDEPLOY_FAULTS (24) of each verb, evenly apart. What has passed is not tried again until the code changes.
Needs strace; `make setup` does not install it.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from support.commands.command import Cli
from support.long_runs.resume import Progress

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

COUNT = int(os.environ.get("EMGDEPLOY_FAULTS", "24"))
CALLS = (
    "rename,renameat,renameat2",
    "openat",
    "mkdir",
    "unlink,unlinkat,rmdir",
    "fsync",
    "link,linkat",
    "write",
)
FAULTS = ("error=ENOSPC", "error=EIO", "error=EPERM", "signal=SIGINT", "signal=SIGTERM", "signal=SIGKILL")
# A fault at one file may be no fault of the command (a report beside the verdict): it then ends well and says so.
STATUSES = (0, 1, 3, 4, 6, 130, 143, 137, -9)
SIM = ("--dataset", "simulated", "--sim-sessions", "1", "--sim-repetitions", "2", "--sim-seconds", "0.4", "--test-share", "0.5")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """before: commands whose outcome is the old state. command: what is struck. out: what both write.

    whole: out as a whole is old or new; otherwise each file of it is. forgotten: what the command takes back first.
    again: what must end well afterwards, where that is not the command itself.
    """

    before: tuple[tuple[str, ...], ...]
    command: tuple[str, ...]
    out: str
    whole: bool = False
    forgotten: frozenset[str] = frozenset()
    again: tuple[str, ...] = ()


BUILD = ("build", "--board", "native", "--model", "tiny.tflite", "--out", "x")
EXPORT = ("export", "--build", "b", "--out", "x", "--format")
TRAIN = ("train", *SIM, "--epochs", "1", "--network", "mlp", "--out")
LIVE = (
    "build",
    "--board",
    "native",
    "--model",
    "t/checkpoint.pt",
    "--adapt",
    "head",
    "--calibration",
    "t/calibration.npz",
    "--out",
)
RUN = ("run", "--build", "b", *SIM, "--fast", "--limit", "5", "--record")
RECORD = ("record", "--source", "simulated:", "--gestures", "rest", "fist", "--repetitions", "1", "--hold", "0.7", "--pause", "0.2", "--check", "off", "--out", "x")  # fmt: skip
CASES = {
    "build": Case(((*BUILD, "--optimize", "memory"),), (*BUILD, "--optimize", "speed"), "x", True),
    "export": Case((("build", *BUILD[1:-1], "b"), (*EXPORT, "zephyr")), (*EXPORT, "c"), "x", True),
    "flash": Case((BUILD, ("flash", "--build", "x")), ("flash", "--build", "x"), "x", forgotten=frozenset({"flashed.json"})),
    "bench": Case(
        (BUILD, ("bench", "--build", "x", "--limit", "3")), ("bench", "--build", "x", "--limit", "5"), "x"
    ),
    "train": Case(((*TRAIN, "x"),), (*TRAIN, "x", "--seed", "9"), "x"),
    "run": Case(((*TRAIN, "t"), (*LIVE, "b"), (*RUN, "x/r.npz")), (*RUN, "x/s.npz"), "x", again=(*RUN, "x/t.npz")),
    "calibrate": Case(
        ((*TRAIN, "t"), (*LIVE, "x")),
        ("calibrate", "--build", "x", *SIM, "--min-accuracy", "0.01"),
        "x",
    ),
    "record": Case((RECORD,), (*RECORD, "--session", "2"), "x", again=(*RECORD, "--session", "3")),
    "sweep": Case(
        (),
        ("sweep", "--board", "native", *SIM[:8], "--trials", "1", "--network", "mlp", "--folds", "2", "--study", "x"),
        "x",
    ),
}  # fmt: skip


def tree(folder: Path) -> dict[str, bytes]:
    """Everything in it but hidden files, which are no results."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "/." not in f"/{(name := path.relative_to(folder).as_posix())}"
    }


def is_whole(name: str, content: bytes) -> bool:
    """Whether a file by itself is as its kind must be; a kind that nobody can judge is not."""
    suffix = Path(name).suffix
    try:
        if suffix in (".json", ".jsonl"):
            lines = content.decode().splitlines() if suffix == ".jsonl" else [content.decode()]
            return all(json.loads(line) is not None for line in lines)
        if suffix in (".npz", ".pt"):
            return zipfile.ZipFile(io.BytesIO(content)).testzip() is None
        if suffix == ".html":
            return content.rstrip().endswith(b"</html>")
        if suffix == ".part":  # samples as they come: of them the next session makes a recording
            return not content or "schema" in json.loads(content.partition(b"\n")[0])
        if suffix == ".toml":
            import tomllib

            return bool(tomllib.loads(content.decode()))
    except (ValueError, zipfile.BadZipFile):
        return False
    return False


def traced(calls: str, inject: str | None, command: tuple[str, ...], cwd: Path) -> tuple[int, str, list[str]]:
    """Exit status, stderr and the calls that were made, those of child processes included."""
    given = ["-e", f"inject={calls}:{inject}"] if inject else []
    strace = ["strace", "-f", "--seccomp-bpf", "-y", "-o", "trace", "-e", f"trace={calls}", *given]
    full = [*strace, sys.executable, "-m", "emgdeploy", *command]
    environment = {**os.environ, "NO_COLOR": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        full, capture_output=True, text=True, cwd=cwd, env=environment, timeout=900, stdin=subprocess.DEVNULL
    )
    lines = (cwd / "trace").read_text(errors="replace").splitlines()
    return done.returncode, done.stderr, [line for line in lines if re.search(r"\w+\(", line)]


def own_calls(lines: list[str]) -> list[str]:
    """The calls of the command's first process: strace counts those of each process for itself."""
    first = lines[0].split()[0] if lines else ""
    return [line for line in lines if line.split()[0] == first]


def places(
    work: Path, case: Case, put_back: Callable[[], None]
) -> tuple[list[tuple[str, int]], dict[str, bytes]]:
    """(calls, number) of what touches the output, evenly chosen, and the new state."""
    found = []
    for calls in CALLS:
        put_back()
        status, err, lines = traced(calls, None, case.command, work)
        assert status == 0, err
        ours = (f"{work}/.{case.out}-", f"{work}/{case.out}", f'"{case.out}/', f'"{case.out}"')
        touching = [
            number
            for number, line in enumerate(own_calls(lines), 1)
            if any(name in line for name in ours) and "O_RDONLY" not in line
        ]
        found.append([(calls, number) for number in touching])
    every = [place for place in chain.from_iterable(zip_longest(*found)) if place is not None]
    return every[:: max(1, -(-len(every) // COUNT))], tree(work / case.out)


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("faults", ("toolchain/emgdeploy", "tests/long/test_long_faults.py"))


@pytest.fixture
def work(cli: Cli, tiny_model: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copy(tiny_model, tmp_path / "tiny.tflite")
    yield tmp_path


@pytest.mark.parametrize("verb", CASES)
def test_old_or_new_whole(verb: str, work: Path, cli: Cli, progress: Progress) -> None:
    if progress.report(verb) is None:
        progress.finish(verb, struck(CASES[verb], work, cli))
    print(f"{verb}: {progress.report(verb)}", flush=True)


def struck(case: Case, work: Path, cli: Cli) -> str:
    """Figures of all faults of one verb. Raises AssertionError for a state that is neither old nor new."""
    (work / case.out).mkdir()
    for command in case.before:
        cli(*command, cwd=work).succeeds()
    shutil.copytree(work / case.out, work / "kept")

    def put_back() -> None:
        for path in [*work.glob(f".{case.out}-*"), *work.glob(f"{case.out}.kept-*"), work / case.out]:
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(work / "kept", work / case.out, symlinks=True)

    chosen, new = places(work, case, put_back)
    old, tried, changed = tree(work / "kept"), 0, 0
    for number, (calls, at) in enumerate(chosen):
        put_back()
        fault = FAULTS[number % len(FAULTS)]
        status, err, _ = traced(calls, f"{fault}:when={at}", case.command, work)
        found, where = tree(work / case.out), (calls, at, fault, status, err[-600:])
        assert "Traceback" not in err and "where it should not" not in err and status in STATUSES, where
        if case.whole:
            assert found in (old, new), where
        for name, content in found.items():
            assert content in (old.get(name), new.get(name)) or is_whole(name, content), (name, *where)
        assert not (set(old) & set(new)) - set(found) - case.forgotten, where
        tried, changed = tried + 1, changed + (found != old)
    cli(*(case.again or case.command), cwd=work).succeeds()  # nothing that a fault left is in the way
    assert tried >= min(COUNT, 5) // 2
    return f"{tried} faults, {tried - changed} times the old state, {changed} times another whole one"
