"""Functions of one int8 tensor that are compiled as a table which the reference interpreter fills."""

from __future__ import annotations

import numpy as np

from emgdeploy.graph.operators.options import fused
from emgdeploy.graph.operators.rules import int8, need
from emgdeploy.graph.types import Graph, Op, Operands, Operator

# Operators without an int8 form of ours. A record of its own takes the place of the one made from this list.
TABLED = (
    "ATAN2", "CAST", "CEIL", "COS", "ELU", "EQUAL", "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "GREATER",
    "GREATER_EQUAL", "LESS", "LESS_EQUAL", "LOG", "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "NEG", "NOT_EQUAL",
    "POW", "ROUND", "RSQRT", "SELECT", "SELECT_V2", "SIGN", "SIN", "SQRT", "SQUARE",
)  # fmt: skip


def check_tabled(graph: Graph, op: Op) -> None:
    """Those that are still there belong to no table."""
    need(
        False,
        "is supported only within a function of one int8 tensor, element by element, with constants of one number",
        "quantize the model to int8, so that int8 tensors stand before and behind such a function",
    )


def check_lookup(graph: Graph, op: Op) -> None:
    int8(graph, op)
    need(len(op.table) == np.iinfo(np.int8).max - np.iinfo(np.int8).min + 1, "has no table")


DIV = Operator("DIV", check_tabled, tabled=True, newest=2, attributes=fused("DivOptions"))
LOOKUP = Operator("LOOKUP", check_lookup, operands=Operands.ONE)
