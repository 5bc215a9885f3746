"""CPU time of commands that must start at once. Prints the least and the median of several runs.

.venv/bin/python benchmarks/startup.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 15
COMMANDS = (["--help"], ["--version"], ["boards"], ["ports"], ["bench", "--help"], ["build", "--help"])
EMGDEPLOY = Path(sys.executable).with_name("emgdeploy")


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one run, its children included."""
    before = os.times()
    subprocess.run([EMGDEPLOY, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main() -> None:
    """One line per command."""
    for command in COMMANDS:
        times = [cpu_seconds(command) for _ in range(RUNS)]
        name = " ".join(["emgdeploy", *command])
        print(f"{name:28} least {min(times):.3f} s, median {statistics.median(times):.3f} s of CPU time")


if __name__ == "__main__":
    main()
