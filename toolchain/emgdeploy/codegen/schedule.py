"""The order of the steps with the least peak of live bytes.

A network's branches may be computed in any order that respects what reads what; a shortcut that
is computed first, for instance, frees its input for the main branch to overwrite. The set of
steps already done determines what is alive, so the best order is a shortest path over those
sets, its length being the peak along the way. Networks are long and narrow: there are few sets.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from emgdeploy.codegen.step import Step
from emgdeploy.codegen.storage import roots
from emgdeploy.graph.types import Graph

_MOST_STATES = 20_000


@dataclass(frozen=True)
class _Needs:
    """Of one step, as bit masks over tensors that own bytes: what it reads, and what it writes."""

    reads: int
    writes: int
    shareable: int


def schedule(graph: Graph, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps in an order of least peak; file order where several are as good or there are too many."""
    model = _Model(graph, steps)
    order = _search(model, len(steps))
    if order is None or model.peak(order) >= model.peak(tuple(range(len(steps)))):
        return steps
    return tuple(steps[i] for i in order)


class _Model:
    """What each step does to the set of live tensors."""

    def __init__(self, graph: Graph, steps: tuple[Step, ...]) -> None:
        root = roots(graph)
        owners = sorted(
            {root[t] for s in steps for t in (*s.reads, s.writes)} | {root[t] for t in graph.inputs}
        )
        bit = {owner: 1 << i for i, owner in enumerate(owners)}
        self.sizes = {bit[o]: graph.tensors[o].nbytes for o in owners}
        self.needs = [
            _Needs(
                sum({bit[root[t]] for t in s.reads}),
                bit[root[s.writes]],
                sum({bit[root[o.tensor]] for o in s.overlaps}),
            )
            for s in steps
        ]
        self.scratch = [s.scratch_bytes for s in steps]
        self.given = sum({bit[root[t]] for t in graph.inputs})
        self.kept = sum({bit[root[t]] for t in graph.outputs})

    def bytes_of(self, tensors: int) -> int:
        return sum(size for bit, size in self.sizes.items() if tensors & bit)

    def ready(self, done: int) -> list[int]:
        """Steps whose operands exist."""
        available = self.given
        for i, need in enumerate(self.needs):
            if done >> i & 1:
                available |= need.writes
        return [
            i
            for i, need in enumerate(self.needs)
            if not done >> i & 1 and need.reads & available == need.reads
        ]

    def live(self, done: int) -> int:
        """Tensors that exist after the steps in `done` and are still needed."""
        exists, wanted = self.given, self.kept
        for i, need in enumerate(self.needs):
            if done >> i & 1:
                exists |= need.writes
            else:
                wanted |= need.reads
        return exists & wanted

    def cost(self, done: int, step: int) -> int:
        """Bytes alive while `step` runs, its output placed inside a dying operand where it may be."""
        need, alive = self.needs[step], self.live(done)
        dying = alive & need.shareable & ~self.live(done | 1 << step)
        inside = max((s for bit, s in self.sizes.items() if dying & bit), default=0)
        out = self.sizes[need.writes]
        return self.bytes_of(alive) + out - min(inside, out) + self.scratch[step]

    def peak(self, order: tuple[int, ...]) -> int:
        done = highest = 0
        for step in order:
            highest = max(highest, self.cost(done, step))
            done |= 1 << step
        return highest


def _search(model: _Model, count: int) -> tuple[int, ...] | None:
    """The order of least peak; None when there are too many sets to look at."""
    complete = (1 << count) - 1
    came_from: dict[int, tuple[int, int]] = {}
    best = {0: 0}
    queue = [(0, count, 0)]
    while queue:
        peak, left, done = heapq.heappop(queue)
        if done == complete:
            return _path(came_from, done)
        if peak > best[done]:
            continue
        if len(best) > _MOST_STATES:
            return None
        for step in model.ready(done):
            after, reached = done | 1 << step, max(peak, model.cost(done, step))
            if reached < best.get(after, 1 << 62):
                best[after] = reached
                came_from[after] = (done, step)
                heapq.heappush(queue, (reached, left - 1, after))
    return None


def _path(came_from: dict[int, tuple[int, int]], done: int) -> tuple[int, ...]:
    order = []
    while done:
        done, step = came_from[done]
        order.append(step)
    return tuple(reversed(order))
