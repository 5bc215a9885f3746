"""The memory plan: an offset in one static arena for every buffer.

Offsets are found by placing buffers one after the other at the lowest address that no earlier
one forbids, over many orders: the natural ones first, then seeded variations of the best so far.
"""

from __future__ import annotations

import random
from functools import reduce

from emgdeploy.codegen.places import Plan
from emgdeploy.codegen.step import Overlap, Step
from emgdeploy.codegen.storage import Buffer, buffers, roots
from emgdeploy.graph.types import Graph

ALIGNMENT = 4
_ROUNDS = 400


def plan_memory(graph: Graph, steps: tuple[Step, ...]) -> Plan:
    """Place every tensor and scratch buffer; the same graph always gets the same plan."""
    root = roots(graph)
    all_buffers = buffers(graph, steps, root)
    relations = _relations(steps, root, {b.owner: b for b in all_buffers})
    offsets = _search(all_buffers, relations)
    size = max(offsets[b.owner] + _aligned(b.size) for b in all_buffers)
    plain, overlapped = _bounds(all_buffers, relations, len(steps))
    highest = max(all_buffers, key=lambda b: (offsets[b.owner] + b.size, -b.born))
    return Plan(offsets, root, size, max(highest.born, 0), plain, overlapped)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _relations(
    steps: tuple[Step, ...], root: dict[int, int], by_owner: dict[int, Buffer]
) -> dict[tuple[int, int], Overlap]:
    """(input owner, output owner) -> how they may overlap, for inputs that die at the step."""
    relations = {}
    for i, step in enumerate(steps):
        target = root[step.writes]
        for source in {root[overlap.tensor] for overlap in step.overlaps} - {target}:
            allowed = _allowed_by_all(step, root, source) if by_owner[source].dies == i else None
            if allowed is not None:
                relations[source, target] = allowed
    return relations


def _allowed_by_all(step: Step, root: dict[int, int], source: int) -> Overlap | None:
    """What every reading of a buffer allows: a step may read it more than once, under the names of its views."""
    allowed = {overlap.tensor: overlap for overlap in step.overlaps}
    readings = [allowed.get(tensor) for tensor in step.reads if root[tensor] == source]
    known = [reading for reading in readings if reading is not None]
    return reduce(Overlap.and_also, known) if len(known) == len(readings) else None


class _Placer:
    """Places buffers greedily in a given order."""

    def __init__(self, all_buffers: tuple[Buffer, ...], relations: dict[tuple[int, int], Overlap]) -> None:
        self.buffers = all_buffers
        self.relations = relations
        self.neighbours = {
            b.owner: [o for o in all_buffers if o.owner != b.owner and b.meets(o)] for b in all_buffers
        }

    def place(self, order: list[Buffer]) -> tuple[dict[int, int], int]:
        """Offsets and the arena's size."""
        offsets: dict[int, int] = {}
        top = 0
        for buffer in order:
            placed = [n for n in self.neighbours[buffer.owner] if n.owner in offsets]
            candidates = sorted(
                {c for n in placed for c in self._candidates(buffer, n, offsets[n.owner])} | {0}
            )
            offsets[buffer.owner] = next(
                c for c in candidates if all(self._fits(buffer, c, n, offsets[n.owner]) for n in placed)
            )
            top = max(top, offsets[buffer.owner] + _aligned(buffer.size))
        return offsets, top

    def _candidates(self, buffer: Buffer, other: Buffer, at: int) -> list[int]:
        found = [at + _aligned(other.size)]
        as_output = self.relations.get((other.owner, buffer.owner))
        as_input = self.relations.get((buffer.owner, other.owner))
        if as_output:
            found += [
                at + (_aligned(d) if d == as_output.at_least else _down(d)) for d in as_output.distances
            ]
        if as_input:
            found += [at - (_aligned(d) if d == as_input.at_least else _down(d)) for d in as_input.distances]
        return [c for c in found if c >= 0]

    def _fits(self, buffer: Buffer, at: int, other: Buffer, other_at: int) -> bool:
        if at + buffer.size <= other_at or other_at + other.size <= at:
            return True
        as_output = self.relations.get((other.owner, buffer.owner))
        as_input = self.relations.get((buffer.owner, other.owner))
        return (as_output is not None and as_output.allows(at - other_at)) or (
            as_input is not None and as_input.allows(other_at - at)
        )


def _down(offset: int) -> int:
    return offset // ALIGNMENT * ALIGNMENT


def _search(all_buffers: tuple[Buffer, ...], relations: dict[tuple[int, int], Overlap]) -> dict[int, int]:
    placer = _Placer(all_buffers, relations)
    orders = [
        sorted(all_buffers, key=lambda b: (-b.size, b.born, b.owner)),
        sorted(all_buffers, key=lambda b: (b.born, -b.size, b.owner)),
        sorted(all_buffers, key=lambda b: (-b.dies, -b.size, b.owner)),
    ]
    best_offsets, best_size, best_order = min(
        ((*placer.place(order), order) for order in orders), key=lambda found: found[1]
    )
    chance = random.Random(0)
    for _ in range(_ROUNDS if len(all_buffers) > 2 else 0):
        order = list(best_order)
        moved = order.pop(chance.randrange(len(order)))
        order.insert(chance.randrange(len(order) + 1), moved)
        offsets, size = placer.place(order)
        if size <= best_size:
            best_offsets, best_size, best_order = offsets, size, order
    return best_offsets


def _bounds(
    all_buffers: tuple[Buffer, ...], relations: dict[tuple[int, int], Overlap], steps: int
) -> tuple[int, int]:
    """Peak of live bytes without sharing, and with each step's output inside its largest input."""
    plain = overlapped = 0
    for i in range(-1, steps + 1):
        live = [b for b in all_buffers if b.born <= i <= b.dies]
        total = sum(b.size for b in live)
        shared = max(
            (min(a.size, b.size) for a in live for b in live if (a.owner, b.owner) in relations), default=0
        )
        plain, overlapped = max(plain, total), max(overlapped, total - shared)
    return plain, overlapped
