"""Damaged files through the reader, and the survivors through compiler and reference."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from conftest import ROOT
from emgdeploy.codegen.dead_channels import prune_channels
from emgdeploy.codegen.selection import lower
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from emgdeploy.graph.passes import simplify
from support.inputs.mutations import Mutator, seeds

MAX_SECONDS = 5.0
MAX_BYTES = 1 << 30


@dataclass
class Outcome:
    """How mutations ended; `survivors` are changed files that were accepted."""

    refused: int = 0
    accepted: int = 0
    slowest: float = 0.0
    survivors: list[bytes] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.refused} refused, {self.accepted} accepted, the slowest took {self.slowest:.2f} s"


def fuzz(first: int, count: int, keep_every: int) -> Outcome:
    """`count` mutations, from generator `first`; keeps one in `keep_every` accepted files.

    In a process of their own, so that its peak of memory is theirs and not that of earlier tests.
    """
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as process:
        return process.submit(_fuzz_here, first, count, keep_every).result()


def _fuzz_here(first: int, count: int, keep_every: int) -> Outcome:
    rng = np.random.default_rng(first)
    mutators = [Mutator(data, rng) for data in seeds().values()]
    outcome = Outcome()
    for i in range(count):
        mutator = mutators[i % len(mutators)]
        data = mutator()
        begin = time.perf_counter()
        if accepts(data):
            outcome.accepted += 1
            if outcome.accepted % keep_every == 0 and data != mutator.data:
                outcome.survivors.append(data)
        else:
            outcome.refused += 1
        outcome.slowest = max(outcome.slowest, time.perf_counter() - begin)
    assert outcome.slowest < MAX_SECONDS
    assert _peak_bytes() < MAX_BYTES
    return outcome


def _peak_bytes() -> int:
    """The largest resident set of this process. getrusage's is also that of the parent before the exec."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def accepts(data: bytes) -> bool:
    """Whether the file compiles; a refusal is one line that says what to do, anything else an error."""
    try:
        lower(prune_channels(simplify(read_tflite(data))))
    except InputError as error:
        assert error.hint and len(str(error)) > 20 and "\n" not in str(error), repr(error)
        return False
    return True


def prove_apart(files: list[Path]) -> list[str]:
    """What `support.machines.prove_files` says of each file, in a process that the reference may take down."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), *sys.path])}
    command = [sys.executable, "-m", "support.machines.prove_files", *map(str, files)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=60 * len(files) + 60
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("proved ")]
    assert len(lines) == len(files), f"{len(lines)} of {len(files)} proven, then: {done.stderr[-2000:]}"
    return lines
