"""A hundred thousand mutants of each kind of file that emgdeploy reads; damaged .tflite files are `fuzz_reader`'s.

EMGDEPLOY_FUZZ_MINUTES (50) bounds one run; the next one goes on where it ended, until the code changes.
"""

from __future__ import annotations

import os
import time

import pytest

from support.inputs.hostile_files import KINDS, fuzz
from support.long_runs.resume import Progress

pytestmark = pytest.mark.long

PIECE, PIECES = 1000, 100
BEGUN, SECONDS = time.monotonic(), 60 * float(os.environ.get("EMGDEPLOY_FUZZ_MINUTES", "50"))
READS = (
    "toolchain/emgdeploy",
    "boards",
    "tests/support/inputs",
)


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("hostile-files", READS)


@pytest.mark.parametrize("piece", range(PIECES))
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_mutants(kind: str, piece: int, progress: Progress) -> None:
    key = f"{kind} {piece * PIECE} to {(piece + 1) * PIECE - 1}"
    if progress.report(key) is None:
        if time.monotonic() - BEGUN > SECONDS:
            pytest.skip(f"{key}: the time of this run is over; run it again to go on")
        progress.finish(key, fuzz(kind, piece * PIECE, PIECE))
    print(key, progress.report(key), flush=True)


def test_the_sum_is_stated(progress: Progress) -> None:
    done = [key.split()[0] for key in progress.lines]
    for kind in KINDS:
        print(f"{kind}: {done.count(kind) * PIECE:,} of {PIECES * PIECE:,} mutants", flush=True)
    assert set(done) <= set(KINDS)
