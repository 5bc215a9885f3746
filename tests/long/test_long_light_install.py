"""The wheel without extras, in an environment of its own, far from the checkout and from any compiler.

It flashes and benches a build folder that was made elsewhere and copied: on the emulated Cortex-M4
and as a native process. Figures of the installation are printed into the log.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import ROOT
from support.commands.command import Cli

pytestmark = pytest.mark.long

BOARDS = ("native", "qemu-mps2-an386")


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with `pip install .` and nothing else."""
    folder = tmp_path_factory.mktemp("light")
    begin = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    # The build backend writes beside the sources; a copy keeps the checkout as it is.
    ignored = shutil.ignore_patterns(
        ".venv", ".git", "build", "dist", "__pycache__", ".*_cache", ".hypothesis"
    )
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    subprocess.run([folder / "venv/bin/pip", "install", "--quiet", folder / "source"], check=True)
    size = sum(path.stat().st_size for path in (folder / "venv").rglob("*") if path.is_file())
    print(f"installed in {time.monotonic() - begin:.1f} s, {size / 2**20:.0f} MiB with pip")
    shutil.rmtree(folder / "source")
    return folder / "venv" / "bin"


def run(
    light: Path, *arguments: str | Path, cwd: Path, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The light `emgdeploy`; unless `path` is given, PATH has the emulator and no compiler."""
    emulators = cwd / "emulators"
    emulators.mkdir(exist_ok=True)
    if (found := shutil.which("qemu-system-arm")) and not (emulators / "qemu-system-arm").exists():
        (emulators / "qemu-system-arm").symlink_to(found)
    env = {"PATH": path or str(emulators), "HOME": os.environ.get("HOME", "/")}
    command = [str(light / "emgdeploy"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=600)


@pytest.mark.parametrize("board", BOARDS)
def test_it_flashes_and_benches_a_copied_build(
    cli: Cli, light: Path, tiny_model: Path, tmp_path: Path, board: str
) -> None:
    cli("build", "--board", board, "--model", tiny_model, "--out", tmp_path / "made").succeeds()
    shutil.move(tmp_path / "made", tmp_path / "received")
    for verb in ("flash", "bench"):
        begin = time.monotonic()
        done = run(light, verb, "--build", tmp_path / "received", cwd=tmp_path)
        print(f"{board}: {verb} in {time.monotonic() - begin:.2f} s\n{done.stdout}")
        assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "received" / "bench.json").read_text())
    assert report["complete"] and report["windows"] == report["correct_bits"] > 0


def test_its_packaged_files_are_complete(light: Path, tmp_path: Path) -> None:
    done = run(light, "boards", "--json", cwd=tmp_path)
    boards = json.loads(done.stdout)
    assert {board["name"] for board in boards} >= {*BOARDS, "spresense"}
    assert str(light.parent) in boards[0]["file"]


def test_what_it_cannot_do_it_says(light: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"anything")
    arguments = ("build", "--board", "native", "--model", tmp_path / "model.pt")
    done = run(light, *arguments, cwd=tmp_path, path=os.environ["PATH"])
    assert done.returncode == 4, done.stderr
    assert "emgdeploy[" in done.stderr.splitlines()[-1]


def test_help_costs_little(light: Path, tmp_path: Path) -> None:
    before = os.times()
    done = run(light, "--help", cwd=tmp_path)
    after = os.times()
    assert done.returncode == 0 and "bench" in done.stdout, done.stderr
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    print(f"emgdeploy --help: {cpu:.3f} s of CPU time")
