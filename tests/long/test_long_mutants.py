"""Faults of the product, each noticed by tests that `make test` contains.

EMGDEPLOY_MUTANT_MINUTES (55) bounds one run; the next goes on where it ended, until product or tests change.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from support.long_runs.mutants import GENERATED, ROOMS, Mutant, Overlay, generated, made_by_hand
from support.long_runs.mutants_by_hand import BY_HAND
from support.long_runs.resume import Progress

pytestmark = pytest.mark.long

BEGUN, MINUTES = time.monotonic(), float(os.environ.get("EMGDEPLOY_MUTANT_MINUTES", "55"))
SECONDS = 400.0
"""No room's tests take so long."""
# Changes that no answer can tell, and why.
SAME: dict[str, str] = {}


def mutants() -> list[Mutant]:
    by_hand = [made_by_hand(*entry) for entry in BY_HAND]
    return by_hand + [m for room, files in GENERATED.items() for file in files for m in generated(room, file)]


ALL = mutants()


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("mutants", ("toolchain/emgdeploy", "tests"))


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Overlay:
    return Overlay(tmp_path_factory.mktemp("mutants"))


def test_there_are_enough_of_every_room() -> None:
    assert len(ALL) >= 60 and len({m.name for m in ALL}) == len(ALL)
    assert {m.room for m in ALL} == set(ROOMS)
    assert set(SAME) <= {m.name for m in ALL}


@pytest.mark.parametrize("room", ROOMS)
def test_without_a_fault_the_room_passes(room: str, overlay: Overlay, progress: Progress) -> None:
    if progress.report(f"room {room}") is None:
        assert overlay.passes(room, SECONDS)
        progress.finish(f"room {room}", "passes")


@pytest.mark.parametrize("mutant", ALL, ids=[m.name for m in ALL])
def test_it_is_noticed(mutant: Mutant, overlay: Overlay, progress: Progress) -> None:
    if mutant.name in SAME:
        return
    if progress.report(mutant.name) is None:
        if time.monotonic() - BEGUN > 60 * MINUTES:
            pytest.skip("the time of this run is over; run it again to go on")
        progress.finish(mutant.name, "survives" if overlay.survives(mutant, SECONDS) else "noticed")
    print(f"{mutant.name}: {progress.report(mutant.name)}", flush=True)
    assert progress.report(mutant.name) == "noticed"


def test_the_sum_is_stated(progress: Progress) -> None:
    tried = [m.name for m in ALL if progress.report(m.name) is not None]
    noticed = [name for name in tried if progress.report(name) == "noticed"]
    print(
        f"{len(noticed)} of {len(tried)} noticed, {len(SAME)} change no answer, {len(ALL)} in all", flush=True
    )
    assert len(tried) <= len(ALL)


def test_the_overlay_is_what_the_tests_import(overlay: Overlay, tmp_path: Path) -> None:
    """Or every fault would survive."""
    wrong = Mutant("files", "files.py", "files files.py: nothing works", "raise RuntimeError\n")
    assert not overlay.survives(wrong, SECONDS)
