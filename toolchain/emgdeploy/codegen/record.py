"""What the compiler knows of one kind of operator, said once beside its kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emgdeploy.codegen.known.interval import Range, Ranges
from emgdeploy.codegen.known.relation import Relation, combined, each, view
from emgdeploy.codegen.step import Step
from emgdeploy.graph.types import Graph, Op, Operands, Operator

Lowering = Callable[[Graph, Op], Step | None]
RelationRule = Callable[[Graph, Op, Ranges], tuple[Relation, ...] | None]
ReachRule = Callable[[Graph, Op, list[Range]], Range | None]


@dataclass(frozen=True)
class Record:
    """The kernels of one kind of operator, and how channels that need no computing pass through it.

    int8, int16, float32: by the element type of its output, what can compute it in portable C, the best
        first. One that does not apply returns None, and the next is asked.
    relation: which channels of its operands those of its output need. None: all of them, but for an
        operator that works element by element or is a view, where it follows from that.
    reach: what its output can be where its inputs lie in given ranges, of a function that never falls.
        None: anything, but for a table of int8, whose entries are looked at. `activations`: how many of
        its inputs the ranges are of, None for all.
    """

    kind: Operator
    int8: tuple[Lowering, ...] = ()
    int16: tuple[Lowering, ...] = ()
    float32: tuple[Lowering, ...] = ()
    relation: RelationRule | None = None
    reach: ReachRule | None = None
    activations: int | None = 1

    def kernels(self, dtype: str) -> tuple[Lowering, ...]:
        """Those that write elements of this type."""
        return {"int8": self.int8, "int16": self.int16, "float32": self.float32}.get(dtype, ())

    @property
    def types(self) -> tuple[str, ...]:
        """The element types for which there is a kernel."""
        return tuple(dtype for dtype in ("int8", "int16", "float32") if self.kernels(dtype))

    def relations(self, graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
        """Its rule's answer for one operator."""
        usual = view if self.kind.view else _USUAL.get(self.kind.operands)
        rule = self.relation or usual
        return rule(graph, op, known) if rule else None


_USUAL: dict[Operands, RelationRule] = {
    Operands.ONE: each,
    Operands.TWO: combined,
    Operands.SLOPES: combined,
}
