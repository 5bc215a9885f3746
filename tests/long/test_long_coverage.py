"""Which lines of Python and C the tests of `make test` reach, room by room; at least nine in ten of both.

What a room reached is kept in build/long/coverage until product or tests change. The lines that nothing reached are
written to build/long/coverage/not_reached.txt. EMGDEPLOY_COVERAGE_MINUTES (55) bounds one run.
"""

from __future__ import annotations

import os
import time

import pytest

from conftest import ROOT
from support.long_runs import coverage_runs
from support.long_runs.resume import Progress

pytestmark = pytest.mark.long

ROOMS = sorted(p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and any(p.glob("test_*.py")))
ROOMS.remove("long")
BEGUN, MINUTES = time.monotonic(), float(os.environ.get("EMGDEPLOY_COVERAGE_MINUTES", "55"))
FLOOR = 0.90


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("coverage", ("toolchain/emgdeploy", "firmware_templates/runtime", "tests"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room(room: str, progress: Progress) -> None:
    if progress.report(room) is None or not (coverage_runs.HOME / room).is_dir():
        if time.monotonic() - BEGUN > 60 * MINUTES:
            pytest.skip("the time of this run is over; run it again to go on")
        progress.finish(room, coverage_runs.run(room))
    print(f"{room}: {progress.report(room)}", flush=True)


def test_nine_in_ten_lines_are_reached(progress: Progress) -> None:
    done = [room for room in ROOMS if progress.report(room) is not None]
    if done != ROOMS:
        pytest.skip(f"still to run: {', '.join(set(ROOMS) - set(done))}")
    found = {"Python": coverage_runs.python(ROOMS), "C": coverage_runs.c(ROOMS)}
    report = [
        f"{name}: {', '.join(map(str, lines))}"
        for each in found.values()
        for name, lines in each.left().items()
    ]
    (coverage_runs.HOME / "not_reached.txt").write_text("\n".join(report) + "\n")
    for name, each in found.items():
        print(f"{name}: {each.share:.1%} of the lines of {len(each.lines)} files", flush=True)
    assert all(each.share >= FLOOR for each in found.values())
