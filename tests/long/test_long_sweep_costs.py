"""What a sweep says of candidates before training is what their builds take afterwards: 50 random ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from emgdeploy.boards import load_board
from emgdeploy.errors import EmgDeployError
from emgdeploy.nets import results
from emgdeploy.signals.choice import DataChoice
from emgdeploy.sweep import cost, folds
from emgdeploy.sweep.candidate import ELECTRODES, Candidate
from emgdeploy.sweep.folds import Material

pytestmark = pytest.mark.long

COUNT = 50
WIDTHS = {
    "gridnet": (0.5, 1.0, 2.0, 3.0),
    "mlp": (0.25, 0.5, 1.0, 2.0),
    "mobilenetv2": (0.2,),
    "mobilenetv1": (0.1, 0.25),
    "lda": (1.0,),
    "bandnet-small": (0.5, 1.0),
    "m5": (0.25, 0.5),
}


def drawn(seed: int) -> Candidate:
    rng = random.Random(seed)
    network = rng.choice(list(WIDTHS))
    return Candidate(
        network,
        rng.choice(WIDTHS[network]),
        rng.choice((0.5, 1.0, 1.5)),
        rng.random() < 0.7,
        rng.choice(ELECTRODES),
        1,
    )


def test_fifty_predictions(tmp_path: Path) -> None:
    """RAM and flash to the byte; cycles to the last one but for layers whose rounding takes another way with other weights."""
    choice = DataChoice("simulated")
    material = Material.of(choice, choice.load(None), "2")
    board = load_board("qemu-mps2-an386")
    exact = near = refused = seed = 0
    seen = set()
    while exact + near < COUNT and seed < 10 * COUNT:
        seed += 1
        candidate = drawn(seed)
        if candidate.key in seen:
            continue
        seen.add(candidate.key)
        said = cost.predicted(candidate, material.base(candidate.network), material.dataset.labels, board)
        if said.refused:
            with pytest.raises(EmgDeployError):
                folds.trained(candidate, material, material.inner[0])
            refused += 1
            continue
        out = tmp_path / candidate.key
        results.save(folds.trained(candidate, material, material.inner[0]), out)
        found = cost.of_build(out / "checkpoint.pt", board, out / "build", gates=folds.ANY)
        print(f"{candidate}: cycles {said.cycles} -> {found.cycles}, RAM {said.ram_bytes} -> {found.ram_bytes}, "
              f"flash {said.flash_bytes} -> {found.flash_bytes}", flush=True)  # fmt: skip
        assert (said.macs, said.params) == (found.macs, found.params)
        same = (said.cycles, said.ram_bytes, said.flash_bytes) == (
            found.cycles,
            found.ram_bytes,
            found.flash_bytes,
        )
        exact, near = exact + same, near + (not same)
        assert said.cycles is not None and found.cycles is not None
        assert abs(said.cycles - found.cycles) <= 0.02 * found.cycles
        assert abs(said.ram_bytes - found.ram_bytes) <= 0.02 * found.ram_bytes
        assert abs(said.flash_bytes - found.flash_bytes) <= 0.02 * found.flash_bytes
    print(f"{exact} exact, {near} within 2 %, {refused} refused before and in training")
    assert exact + near == COUNT
