"""The estimator of placements on turns that nobody knows beforehand, of trials that nothing was learned from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


def test_random_turns_are_found_and_what_lies_alike_stays(shared: Path) -> None:
    command: list[str | Path] = [sys.executable, ROOT / "benchmarks/placement.py", "--shared", shared]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stdout, flush=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert not [row["pair"] for row in rows if set(row["learned_from"]) & set(row["tested_on"])]
    for kind in ("grid", "rings"):
        own = [row for row in rows if row["pair"].startswith(kind)]
        assert sum(row["turns"] for row in own) == 150
        assert sum(row["row_right"] for row in own) >= 0.95 * sum(row["arrays"] for row in own)
    assert sum(row["unturned"] for row in rows) == 100
    assert not sum(row["moved"] for row in rows)
