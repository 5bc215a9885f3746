"""A whole command under strace: whatever call that changes files goes wrong, the old folder or the new one is there.

A call is let fail, or the process is killed or interrupted at it. Every `STEP`th call is taken, from the first one
that touches the output on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

STEP = int(os.environ.get("EMGDEPLOY_FAULT_STEP", "7"))
CALLS = ("rename,renameat,renameat2", "openat", "mkdir", "unlink,unlinkat,rmdir", "fsync", "link,linkat")
FAULTS = ("error=ENOSPC", "error=EIO", "error=EPERM", "signal=SIGINT", "signal=SIGTERM", "signal=SIGKILL")


def tree(folder: Path) -> dict[str, bytes] | None:
    if not folder.is_dir():
        return None
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def traced(calls: str, inject: str | None, command: list[str], cwd: Path) -> tuple[int, str, list[str]]:
    """Exit status, stderr and the calls that were made."""
    given = ["-e", f"inject={calls}:{inject}"] if inject else []
    strace = ["strace", "-f", "-y", "-o", "trace", "-e", f"trace={calls}", *given]
    full = [*strace, sys.executable, "-m", "emgdeploy", *command]
    environment = {**os.environ, "NO_COLOR": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(full, capture_output=True, text=True, cwd=cwd, env=environment, timeout=600)
    lines = [
        line for line in (cwd / "trace").read_text(errors="replace").splitlines() if re.search(r"\w+\(", line)
    ]
    return done.returncode, done.stderr, lines


def test_an_export_is_the_old_or_the_new_one_whole(tiny_build: Path, tmp_path: Path) -> None:
    command = ["export", "--build", str(tiny_build), "--out", "x", "--format"]
    first, second = [*command, "zephyr"], [*command, "c"]
    out = tmp_path / "x"
    assert traced("fsync", None, first, tmp_path)[0] == 0
    shutil.copytree(out, tmp_path / "old")
    old = tree(out)
    tried = new_seen = 0
    for calls in CALLS:
        if out.exists():
            shutil.rmtree(out)
        shutil.copytree(tmp_path / "old", out)
        status, err, lines = traced(calls, None, second, tmp_path)
        assert status == 0, err
        new = tree(out)
        ours = (f"{tmp_path}/.x-", f"{tmp_path}/x")
        touching = [number for number, line in enumerate(lines, 1) if any(name in line for name in ours)]
        for number, at in enumerate(range(touching[0] if touching else len(lines) + 1, len(lines) + 1, STEP)):
            fault = FAULTS[number % len(FAULTS)]
            shutil.rmtree(out)
            shutil.copytree(tmp_path / "old", out)
            status, err, _ = traced(calls, f"{fault}:when={at}", second, tmp_path)
            found = tree(out)
            assert found in (old, new), (calls, fault, at, err)
            assert "Traceback" not in err and status in (0, 3, 4, 130, 143, -9, 137, 1), (
                calls,
                fault,
                at,
                status,
                err,
            )
            tried += 1
            new_seen += found != old
    print(f"{tried} faults, {tried - new_seen} times the old folder, {new_seen} times the new one")
    assert tried > 10
