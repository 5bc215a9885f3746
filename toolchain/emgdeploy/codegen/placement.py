"""Which layers' constants are copied to RAM, where that is read faster than flash."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from emgdeploy.codegen.step import Step
from emgdeploy.graph.types import Graph

_ALIGNMENT = 8
_WORD = 4


def layers_in_ram(graph: Graph, steps: Sequence[Step], room: int) -> frozenset[int]:
    """The numbers of the steps whose constants fit into `room` bytes of RAM together.

    Those that are read most often per byte come first, the earlier one of equals; one that is too large for
    what is left stays in flash and makes way for the next.
    """
    worth = {i: Fraction(_loads(graph, s), ram_bytes(s)) for i, s in enumerate(steps) if s.arrays}
    taken = set()
    for number in sorted(worth, key=lambda i: (-worth[i], i)):
        size = ram_bytes(steps[number])
        if size <= room:
            taken.add(number)
            room -= size
    return frozenset(taken)


def ram_bytes(step: Step) -> int:
    """What a step's constants take at most, each array aligned as any C compiler for these cores may want it."""
    return sum(-(-int(a.values.nbytes) // _ALIGNMENT) * _ALIGNMENT for a in step.arrays)


def _loads(graph: Graph, step: Step) -> int:
    """About how often constants are loaded: weights by the word, tables and the rest once for each output.

    Kernels that hold a word of weights for several pixels load it less often, by factors that differ little
    from one to the other: on MobileNetV2 this order gains as much as that of the loads a profile counts.
    """
    return max(step.macs // _WORD, graph.tensors[step.writes].elements)
