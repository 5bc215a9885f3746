"""Benches of real builds on bad lines, and of firmware that lies, in full: `make test-long-bench`.

About ten minutes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.devices import bench_items
from support.devices.bench_items import Builds
from support.long_runs.once import BENCH, once

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("name", "item", "count"), [(name, item, full) for name, item, full, _ in bench_items.ITEMS],
    ids=[name for name, *_ in bench_items.ITEMS],
)  # fmt: skip
def test_bench(
    name: str, item: bench_items.Item, count: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shared = request.getfixturevalue("shared") if item is bench_items.large_windows else None
    once(name, BENCH, lambda: item(Builds(tmp_path, shared), count))
