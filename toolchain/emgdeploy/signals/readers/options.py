"""What a user may choose within a data set."""

from __future__ import annotations

from dataclasses import dataclass

from emgdeploy.errors import UsageError

RINGS = ("elbow", "wrist", "both")
EXERCISES = ("A", "B", "C", "D")
EDGES = ("mask", "cut")
ORDERS = ("grid", "published")


@dataclass(frozen=True)
class ReadOptions:
    """exercises, movements, rest: of Ninapro (movements: None takes all, else names as A1, B17); ring: of ninapro-db5 and
    grabmyo.
    edges: of csl, what becomes of the row without signal: `mask` keeps it at 0, `cut` leaves it out.
    order: of csl and ice, `grid` puts electrodes where they are on the arm, `published` fills the image row
    by row in the order of channels, as the published checkpoints expect."""

    exercises: tuple[str, ...] = ("A",)
    ring: str = "elbow"
    movements: tuple[str, ...] | None = None
    rest: bool = True
    edges: str = "mask"
    order: str = "grid"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            *(("exercise", exercise, EXERCISES) for exercise in self.exercises),
            ("ring", self.ring, RINGS),
            ("edges", self.edges, EDGES),
            ("electrode order", self.order, ORDERS),
        ):
            if value not in allowed:
                raise UsageError(f"there is no {name} {value!r}", f"choose from: {', '.join(allowed)}")
        if not self.exercises:
            raise UsageError("no exercise is chosen", f"choose from: {', '.join(EXERCISES)}")
