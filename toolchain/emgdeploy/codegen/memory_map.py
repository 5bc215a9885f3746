"""The arena as people read it: a name in C for each buffer, where it lies, and from which step to which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emgdeploy.codegen.places import Plan
from emgdeploy.codegen.step import Step
from emgdeploy.codegen.storage import Buffer, buffers, roots
from emgdeploy.graph.types import Graph


@dataclass(frozen=True)
class Place:
    """One buffer. first, last: the steps during which it holds something, -1 before all of them."""

    name: str
    offset: int
    size: int
    first: int
    last: int
    tensor: str


@dataclass(frozen=True)
class Places:
    """What the C calls the buffers of a plan. within: the name of the scratch that all of them lie in."""

    plan: Plan
    names: Mapping[int, str]
    within: str = ""

    def tensor(self, index: int) -> str:
        """The place of a tensor, as a C expression in bytes from the arena's beginning."""
        return self._place(self.plan.root[index])

    def scratch(self, step: int) -> str:
        """The same for a step's scratch."""
        return self._place(-1 - step)

    def body(self, plan: Plan, step: int) -> Places:
        """The places of a loop's body, whose memory is that step's scratch."""
        return Places(plan, {}, self.scratch(step))

    def _place(self, owner: int) -> str:
        return f"{self.within} + {self.plan.offsets[owner]}" if self.within else self.names[owner]


def memory_map(graph: Graph, steps: tuple[Step, ...], plan: Plan) -> tuple[Places, tuple[Place, ...]]:
    """The names, and the table of all buffers in the order in which they come to be."""
    found = sorted(
        buffers(graph, steps, roots(graph)), key=lambda b: (b.born, b.owner < 0, plan.offsets[b.owner])
    )
    names = {b.owner: _name(graph, b) for b in found}
    table = tuple(
        Place(
            names[b.owner],
            plan.offsets[b.owner],
            b.size,
            b.born,
            min(b.dies, len(steps) - 1),
            _tensor(graph, b),
        )
        for b in found
    )
    return Places(plan, names), table


def _name(graph: Graph, buffer: Buffer) -> str:
    if buffer.owner < 0:
        return f"AT_SCRATCH_{buffer.born}"
    if buffer.born >= 0:
        return f"AT_{buffer.born}"
    return "AT_INPUT" if len(graph.inputs) == 1 else f"AT_INPUT_{graph.inputs.index(buffer.owner)}"


def _tensor(graph: Graph, buffer: Buffer) -> str:
    if buffer.owner < 0:
        return ""
    shape = "x".join(map(str, graph.tensors[buffer.owner].shape))
    # An input's own name is whatever the converter's first operator is called.
    return f"{shape} {graph.tensors[buffer.owner].name if buffer.born >= 0 else 'the input'}"
