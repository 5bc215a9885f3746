"""What a guided recording asks for, trial by trial."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trial:
    """One gesture held once. repetition: from 1, of that gesture over all positions and forces; position, force: how,
    "" where nothing is asked."""

    gesture: str
    repetition: int
    position: str = ""
    force: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.gesture, self.position, self.force) if part)


def plan(
    gestures: Sequence[str],
    repetitions: int,
    positions: Sequence[str] = ("",),
    forces: Sequence[str] = ("",),
    seed: int = 0,
) -> list[Trial]:
    """Every gesture `repetitions` times in each position with each force.

    Positions one after the other, since they take time to change. Within one each round has every gesture with every
    force once, in an order of its own, so that fatigue and drift are in none of them alone.
    """
    rng = np.random.default_rng(seed)
    trials = []
    for index, position in enumerate(positions):
        for round_ in range(repetitions):
            asked = list(itertools.product(gestures, enumerate(forces)))
            for at in rng.permutation(len(asked)):
                gesture, (number, force) = asked[at]
                repetition = (index * repetitions + round_) * len(forces) + number + 1
                trials.append(Trial(gesture, repetition, position, force))
    return trials
