"""Ctrl-C at any time: status 130, no process and no half-written file left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from support.commands.command import Cli
from support.models.tiny import INPUT_SHAPE

pytestmark = pytest.mark.timing


def processes_below(folder: Path) -> list[str]:
    """Command lines of running processes that name `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command and int(entry.name) != os.getpid():
            found.append(command)
    return found


def interrupted(arguments: list[str], after: float, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as the terminal's foreground job and press Ctrl-C after some seconds."""
    command = [sys.executable, "-m", "emgdeploy", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, start_new_session=True
    ) as process:
        time.sleep(after)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # a terminal signals the whole foreground group
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def ended_by_ctrl_c(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert [line.partition(":")[0] for line in done.stderr.splitlines()[-2:]] == ["error", "try"]


@pytest.fixture
def many_windows(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / "many.npz"
    np.savez(path, x=rng.integers(-128, 128, (200_000, *INPUT_SHAPE), dtype=np.int8))
    return path


def test_in_training(tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ["train", "--dataset", "simulated", "--epochs", "1000", "--out", str(out)]
    for after in (2.0, 12.0):
        ended_by_ctrl_c(interrupted(arguments, after, tmp_path))
        left = {path.name for path in out.rglob("*")} if out.exists() else set()
        assert not {name for name in left if name.startswith(".") or name.endswith(".tmp")}
        if "checkpoint.pt" in left:
            torch = pytest.importorskip("torch")
            torch.load(out / "checkpoint.pt", weights_only=True)
        if "metrics.json" in left:
            json.loads((out / "metrics.json").read_text())


def test_in_bench(tmp_path: Path, tiny_build: Path, many_windows: Path) -> None:
    build = tmp_path / "build"
    shutil.copytree(tiny_build, build, ignore=shutil.ignore_patterns("bench.*"))
    arguments = ["bench", "--build", str(build), "--windows", str(many_windows)]
    for after in (1.0, 4.0):
        ended_by_ctrl_c(interrupted(arguments, after, tmp_path))
        assert processes_below(tmp_path) == []
        report = build / "bench.json"
        if report.exists():
            content = json.loads(report.read_text())
            assert content["complete"] is False
            assert (
                content["windows"] == content["correct_bits"] + content["wrong_bits"] + content["unanswered"]
            )
        assert not list(build.glob(".*"))


@pytest.mark.parametrize("after", [0.3, 1.0, 4.0])
def test_in_build(cli: Cli, tmp_path: Path, after: float) -> None:
    out = tmp_path / "builds" / "out"
    done = interrupted(["build", "--board", "native", "--out", str(out)], after, tmp_path)
    if done.returncode != 0:
        ended_by_ctrl_c(done)
        assert not out.exists()
        assert not out.parent.exists() or not [p for p in out.parent.iterdir() if p.name != "latest"]
    assert processes_below(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_import_of_the_command_line(number: int) -> None:
    """It comes while `main` is looked up, before anything of the command line is imported."""
    code = (
        "import signal, sys\n"
        "from emgdeploy import cli\n"
        f"cli.main = lambda: signal.raise_signal({int(number)})\n"
        "sys.exit(cli.process())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 128 + number, done.stderr
    assert done.stderr.splitlines() == ["error: interrupted", "try: the same command again"]
