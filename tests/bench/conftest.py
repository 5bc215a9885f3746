"""One finished build for all of the bench's tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.bench_items import Builds


@pytest.fixture(scope="session")
def finished_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")
    return Builds(tmp_path_factory.mktemp("bench")).tiny("finished")


@pytest.fixture
def build(finished_build: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(finished_build, tmp_path / "build")
