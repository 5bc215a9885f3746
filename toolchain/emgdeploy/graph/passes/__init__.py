"""Rewrites of the graph that keep every remaining tensor's bits; each is one function in one file.

`drop_uint8_io`, `fold_dilation`, `fold_constants`, `float_rows` and `expand_groups` run when a file is read, around its rules.
"""

from emgdeploy.graph.passes.drop_dead import drop_dead
from emgdeploy.graph.passes.drop_float_io import drop_float_io
from emgdeploy.graph.passes.drop_identities import drop_identities
from emgdeploy.graph.passes.fold_pad import fold_pad
from emgdeploy.graph.passes.fuse_activations import fuse_activations
from emgdeploy.graph.passes.fuse_lookups import fuse_lookups
from emgdeploy.graph.passes.pad_last import pad_last
from emgdeploy.graph.passes.sink_transposes import sink_transposes
from emgdeploy.graph.types import Graph

# Dead operators first: what nobody reads must not hold back what somebody does. Layout changes
# before paddings, which only fold into a convolution that reads them directly.
_PASSES = (
    drop_dead,
    sink_transposes,
    pad_last,
    fold_pad,
    drop_identities,
    fuse_activations,
    fuse_lookups,
)


def simplify(graph: Graph, keep_float_io: bool = False) -> Graph:
    """All passes, in their order."""
    if not keep_float_io:
        graph = drop_float_io(graph)
    for rewrite in _PASSES:
        graph = rewrite(graph)
    return graph
