"""Memory plans under the shadow arena: the published networks in every mode, 1,000 random ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from support.long_runs.resume import Progress
from support.machines.shadow_arena import MODES, prove_plan
from support.models.published import TFLITE, TO_CONVERT, tflite_of
from support.random_models.random_graphs import random_graph

pytestmark = pytest.mark.long

NAMES = (*TFLITE, *TO_CONVERT)
PIECE, FIRST, COUNT = 50, 5000, 1000


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("shadow-arena")


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {name: tflite_of(name, shared, tmp_path_factory.mktemp(name)) for name in NAMES}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: "-".join(mode.values()))
@pytest.mark.parametrize("name", NAMES)
def test_a_published_network(
    name: str, mode: dict[str, Any], models: dict[str, bytes], progress: Progress, tmp_path: Path
) -> None:
    key = f"{name} {' '.join(mode.values())}"
    if progress.report(key) is None:
        proof = prove_plan(models[name], tmp_path, windows=3, **mode)
        progress.finish(key, f"{proof.windows} windows, {proof.shared} of {proof.steps} steps share memory")
    print(key, progress.report(key), flush=True)


@pytest.mark.parametrize("first", range(FIRST, FIRST + COUNT, PIECE))
def test_fifty_random_networks(first: int, progress: Progress, tmp_path: Path) -> None:
    key = f"{first}-{first + PIECE - 1}"
    if progress.report(key) is None:
        steps = shared = 0
        for seed in range(first, first + PIECE):
            proof = prove_plan(random_graph(seed), tmp_path / "model", **MODES[seed % len(MODES)])
            shutil.rmtree(tmp_path / "model")
            steps, shared = steps + proof.steps, shared + proof.shared
        progress.finish(key, f"{PIECE} networks, {shared} of {steps} steps share memory")
    print(key, progress.report(key), flush=True)
