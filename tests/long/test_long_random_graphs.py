"""2,000 random networks of 1 to 12 operators: every tensor equal to the reference, under the sanitizers."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.long_runs.resume import Progress
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.models.coverage import kernels_called
from support.random_models.random_graphs import random_graph

pytestmark = pytest.mark.long

PIECE = 50
FIRST, COUNT = 1000, 2000
QUICK = (*SANITIZE, "-O0")


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("random-graphs")


@pytest.mark.parametrize("first", range(FIRST, FIRST + COUNT, PIECE))
def test_fifty_networks(first: int, progress: Progress, tmp_path: Path) -> None:
    key = f"{first}-{first + PIECE - 1}"
    if progress.report(key) is None:
        progress.finish(key, run(first, tmp_path))
    print(key, progress.report(key), flush=True)


def run(first: int, folder: Path) -> str:
    kernels: Counter[str] = Counter()
    distinct, saturated = 0, []
    for seed in range(first, first + PIECE):
        options: dict[str, Any] = {"isa": ("portable", "dsp")[seed % 2], "keep_float_io": seed % 3 == 0}
        proof = prove(random_graph(seed), folder / "model", flags=QUICK, **options)
        shutil.rmtree(folder / "model")
        kernels.update(kernels_called(proof.generated))
        distinct += proof.distinct_outputs
        saturated.append(proof.saturated)
    counts = f"{sum(kernels.values())} calls of {len(kernels)} kernels"
    return f"{PIECE} networks, {counts}, {distinct} distinct outputs, {np.mean(saturated):.1%} saturated"
