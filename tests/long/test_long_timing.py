"""Tests that use ptys, sockets, signals or clocks, twenty times under load: one that fails now and then is found here.

EMGDEPLOY_TIMING_LOAD (10) processes do nothing but count meanwhile. What has passed is not run again until the code changes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from conftest import ROOT
from support.long_runs.resume import Progress

pytestmark = pytest.mark.long

LOAD, TIMES = int(os.environ.get("EMGDEPLOY_TIMING_LOAD", "10")), 20


@pytest.fixture(scope="module", autouse=True)
def load() -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(LOAD)]
    yield
    for process in busy:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("timing", ("toolchain/emgdeploy", "firmware_templates", "tests"))


@pytest.mark.parametrize("time", range(TIMES))
def test_all_of_them(time: int, progress: Progress) -> None:
    if progress.report(str(time)) is None:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            "timing and not long",
            "-p",
            "no:cacheprovider",
            "tests",
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:]
        progress.finish(str(time), done.stdout.strip().splitlines()[-1])
    print(f"{time}: {progress.report(str(time))}", flush=True)
