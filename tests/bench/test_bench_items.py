"""What the bench must show, at a hundredth of the scale of tests/long/test_long_bench.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.devices.bench_items import Builds, large_windows, mutants, unplugged

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


def test_unplugged(tmp_path: Path) -> None:
    print(unplugged(Builds(tmp_path), 6))


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no qemu-system-arm")
def test_firmware_mutants_are_caught(tmp_path: Path) -> None:
    print(mutants(Builds(tmp_path), 100))


def test_large_windows(tmp_path: Path, shared: Path) -> None:
    print(large_windows(Builds(tmp_path, shared), 1))
