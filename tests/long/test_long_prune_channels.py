"""Channels left out: ranges of 10,000 random networks, 1,000 of them compiled and proven."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.long_runs.resume import Progress
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.machines.range_check import check_ranges, varied_windows
from support.random_models.random_graphs import random_graph
from support.random_models.random_sparse import sparse_graph

pytestmark = pytest.mark.long

PIECE, PROVEN = 200, 20
QUICK = (*SANITIZE, "-O0")


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("prune-channels")


@pytest.mark.parametrize("first", range(100_000, 110_000, PIECE))
def test_two_hundred_random_networks(first: int, progress: Progress, tmp_path: Path) -> None:
    key = f"{first}-{first + PIECE - 1}"
    if progress.report(key) is None:
        known = fewer = 0
        for seed in range(first, first + PIECE):
            tflite = random_graph(seed) if seed % 4 == 0 else sparse_graph(seed)
            known += check_ranges(tflite, varied_windows(tflite, seed))
            if seed < first + PROVEN:
                isa = ("portable", "dsp")[seed % 2]
                proof = prove(tflite, tmp_path / "model", flags=QUICK, isa=isa)
                fewer += any(origin.kept for origin in proof.generated.origins)
                shutil.rmtree(tmp_path / "model")
        progress.finish(
            key, f"{known} channels known in {PIECE} networks; of {PROVEN} proven {fewer} have fewer channels"
        )
    print(key, progress.report(key), flush=True)
