"""Shapes that a converter left open, as it does where the batch was not fixed.

The file then holds a 1 for each size it does not know, and the interpreter finds the real one at run
time. Here the batch is 1, so that every size follows from the operator's operands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from emgdeploy.graph import flat
from emgdeploy.graph.follow import same_shape
from emgdeploy.graph.types import Graph, Op, Operands


def close_shape(graph: Graph, op: Op) -> Graph:
    """The graph with the shape of `op`'s output filled in, where it is open and can be known.

    Works on graphs that are not validated yet; what makes no sense stays as the file has it.
    """
    out, find = graph.out(op), op.kind.shape or _usual(op)
    if not out.open_shape or find is None or not op.inputs or op.inputs[0] < 0:
        return graph
    shape = find(graph, op)
    if shape is None or any(size < 1 for size in shape) or prod(shape) > flat.MAX_ELEMENTS:
        return graph
    return graph.with_tensor(replace(out, shape=shape))


def _usual(op: Op) -> Callable[[Graph, Op], tuple[int, ...] | None] | None:
    return same_shape if op.kind.operands is Operands.ONE else None
