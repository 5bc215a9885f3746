"""Operators whose outputs nobody reads."""

from __future__ import annotations

from emgdeploy.graph.types import Graph


def drop_dead(graph: Graph) -> Graph:
    """Remove every operator that the output does not depend on."""
    needed = set(graph.outputs)
    kept = []
    for op in reversed(graph.ops):
        if needed & set(op.outputs):
            needed |= set(op.inputs)
            kept.append(op)
    return graph.with_ops(tuple(reversed(kept)))
