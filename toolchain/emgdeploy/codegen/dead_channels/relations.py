"""What every operator demands of the channels of its operands and output."""

from __future__ import annotations

from emgdeploy.codegen.known.interval import Ranges
from emgdeploy.codegen.known.relation import Pinned, Relation
from emgdeploy.codegen.selection import record_of
from emgdeploy.graph.types import Graph, Op


def relations(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...]:
    """What an operator demands of the channels of its operands and output; of a chain, in order."""
    parts = op.chain or (op,)
    return tuple(r for part in parts for r in _relations(graph, part, known))


def _relations(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...]:
    found = record_of(op.kind).relations(graph, op, known)
    if found is not None:
        return found
    activations = [t for t in (*op.inputs, *op.outputs) if t >= 0 and not graph.tensors[t].constant]
    return tuple(Pinned(t) for t in activations)
