"""An operator of a graph held to its rule."""

from __future__ import annotations

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.operators.rules import BrokenRule, need
from emgdeploy.graph.types import Graph, Op


def check(graph: Graph, op: Op) -> None:
    """Raise InputError naming the operator when it breaks a rule of its kind."""
    try:
        given = graph.ins(op)
        known = len(given) > 0 and all(t.constant for t in given)
        need(not known, "computes on constants alone", "fold it before export")
        op.kind.rule(graph, op)
    except BrokenRule as broken:
        raise InputError(f"{graph.where(op)} {broken}", broken.hint or flat.HINT) from None
