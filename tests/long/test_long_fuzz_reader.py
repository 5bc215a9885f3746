"""A million damaged files through the reader, one in 1,000 of the accepted on to a native build, 500 to the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.commands.command import Cli
from support.inputs.fuzzing import fuzz, prove_apart
from support.inputs.mutations import Mutator, seeds
from support.long_runs.resume import Progress

pytestmark = pytest.mark.long

PIECE, PIECES = 20_000, 50
COMMANDS, AT_ONCE = 500, 25


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("fuzz-reader")


@pytest.mark.parametrize("piece", range(PIECES))
def test_twenty_thousand_mutations(piece: int, progress: Progress, tmp_path: Path) -> None:
    key = f"mutations {piece * PIECE} to {(piece + 1) * PIECE - 1}"
    if progress.report(key) is None:
        outcome = fuzz(1000 + piece, PIECE, keep_every=1000)
        files = []
        for i, data in enumerate(outcome.survivors):
            files.append(tmp_path / f"{i}.tflite")
            files[-1].write_bytes(data)
        progress.finish(key, f"{outcome}; {len(prove_apart(files))} built and equal to the reference")
    print(key, progress.report(key), flush=True)


@pytest.mark.parametrize("first", range(0, COMMANDS, AT_ONCE))
def test_the_command_line_ends_in_order(first: int, cli: Cli, progress: Progress, tmp_path: Path) -> None:
    key = f"commands {first} to {first + AT_ONCE - 1}"
    if progress.report(key) is None:
        progress.finish(key, _commands(first, cli, tmp_path))
    print(key, progress.report(key), flush=True)


def _commands(first: int, cli: Cli, folder: Path) -> str:
    rng = np.random.default_rng(5000 + first)
    mutators = [Mutator(data, rng) for data in seeds().values()]
    codes = []
    for i in range(AT_ONCE):
        model = folder / "model.tflite"
        model.write_bytes(mutators[(first + i) % len(mutators)]())
        done = cli("build", "--board", "native", "--model", model, "--out", folder / "build")
        assert done.status in (0, 3, 5), (first + i, done.status, done.err[-2000:])
        done.is_clean()
        codes.append(done.status)
    return f"exit codes {dict(zip(*map(list, np.unique(codes, return_counts=True)), strict=True))}"
