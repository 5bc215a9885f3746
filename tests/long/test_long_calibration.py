"""A new session from a second of each gesture: settings chosen on other trials than those that are reported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emgdeploy.calibrate import solve

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
LEAST = {"1 s of each gesture": 0.97, "1 trial": 0.98, "3 trials": 0.985}


def test_the_table_again(shared: Path) -> None:
    command: list[str | Path] = [sys.executable, ROOT / "benchmarks/calibration.py", "--shared", shared]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stdout, flush=True)
    chosen, *rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert chosen["chosen_on"] and not set(chosen["chosen_on"]) & set(chosen["reported_on"])
    used = (solve.MEAN_SHARE, solve.COVARIANCE_SHARE, solve.NOISE, solve.GAIN)
    assert used == tuple(chosen["settings"][n] for n in ("mean_share", "covariance_share", "noise", "gain"))
    assert len(rows) == 6
    for row in rows:
        assert row["mean"] >= LEAST[row["after"]], row
        assert row["session 1 again"] >= 0.97, row
        line = f"| {row['subject']} | {row['after']} | {100 * row['mean']:.2f} | {100 * row['lowest']:.2f} |"
        assert line in (ROOT / "docs/calibration.md").read_text(), line
