"""Operators that change nothing, turned into views.

A view shares its input's bytes and keeps its own tensor, so that whatever reads it still finds the
scale and the shape it was made with.
"""

from __future__ import annotations

from dataclasses import replace

from emgdeploy.graph.operators.layout import RESHAPE
from emgdeploy.graph.types import Graph, Op


def drop_identities(graph: Graph) -> Graph:
    """Make every operator that copies its input bit for bit a view of it."""
    return graph.with_ops(
        tuple(
            replace(op, kind=RESHAPE, inputs=op.inputs[:1]) if _copies(graph, op) else op for op in graph.ops
        )
    )


def _copies(graph: Graph, op: Op) -> bool:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if image.constant or image.dtype != out.dtype or op.chain:
        return False
    return op.kind.copies is not None and op.kind.copies(graph, op)
