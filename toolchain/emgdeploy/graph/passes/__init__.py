"""Rewrites of the graph that keep every remaining tensor's bits; each is one function in one file."""

from emgdeploy.graph.passes.fold_pad import fold_pad
from emgdeploy.graph.types import Graph

_PASSES = (fold_pad,)


def simplify(graph: Graph, keep_float_io: bool = False) -> Graph:
    """All passes, in their order."""
    for rewrite in _PASSES:
        graph = rewrite(graph)
    return graph
