"""A sweep on Ray's real workers: the same values as on one, and nothing finished is lost when they are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

WORDS = ("sweep", "--board", "qemu-mps2-an386", "--dataset", "own:read", "--by", "2", "--trials", "8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(
        "from support.inputs.toy_dataset import toy_dataset\n"
        "def read(folder):\n    return toy_dataset(trials=12)\n"
    )
    return tmp_path


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    tests = str(Path(__file__).parents[1])
    paths = os.pathsep.join([*os.environ.get("PYTHONPATH", "").split(os.pathsep), tests, str(folder)])
    return subprocess.Popen(
        [sys.executable, "-m", "emgdeploy", *WORDS, *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], folder: Path, study: str) -> list[dict[str, object]]:
    _, err = process.communicate(timeout=900)
    assert process.returncode == 0, err
    trials: list[dict[str, object]] = json.loads((folder / study / "sweep.json").read_text())["trials"]
    return trials


def test_two_workers_find_what_one_finds(folder: Path) -> None:
    alone = ended(start(folder, "--study", "one"), folder, "one")
    both = ended(start(folder, "--study", "two", "--workers", "2"), folder, "two")
    keys = ("id", "network", "settings", "cycles", "accuracy_int8", "folds", "state")
    assert [[row[key] for key in keys] for row in both] == [[row[key] for key in keys] for row in alone]


def workers_of(group: int) -> list[int]:
    """Ray's workers that are computing a trial, of the processes of a session."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"ray::_remote" in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def test_a_killed_worker_costs_no_finished_trial(folder: Path) -> None:
    process = start(folder, "--study", "s", "--workers", "2")
    killed = 0
    until = time.monotonic() + 300
    while killed == 0 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.2)
        for pid in workers_of(process.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed += 1
    rows = ended(process, folder, "s")
    assert killed == 1
    lost = [row["id"] for row in rows if "worker was lost" in str(row["why"])]
    assert not lost and sum(row["state"] == "finished" for row in rows) >= len(rows) - 2


def test_a_killed_driver_goes_on(folder: Path) -> None:
    process = start(folder, "--study", "s")
    until = time.monotonic() + 300
    while len(list((folder / "s" / "trials").glob("*.json"))) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {path.name: path.read_bytes() for path in (folder / "s" / "trials").glob("*.json")}
    assert len(before) >= 3
    ended(start(folder, "--study", "s"), folder, "s")
    after = {path.name: path.read_bytes() for path in (folder / "s" / "trials").glob("*.json")}
    assert before.items() <= after.items() and len(after) >= 7
