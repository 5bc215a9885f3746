"""FLOAT_ROWS: what a file computes in float32 between two int8 tensors, row by row (see `graph/rows.py`)."""

from __future__ import annotations

from emgdeploy.graph.operators.rules import int8_types, need
from emgdeploy.graph.types import Graph, Op, Operator


def check_float_rows(graph: Graph, op: Op) -> None:
    image, out = int8_types(graph, op)
    need(op.rows is not None, "has no steps")
    need(image.elements == out.elements, f"turns shape {image.shape} into {out.shape}")


FLOAT_ROWS = Operator("FLOAT_ROWS", check_float_rows)
