"""Which channels of every tensor have to be computed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from emgdeploy.codegen.dead_channels.relations import relations
from emgdeploy.codegen.known.interval import Ranges
from emgdeploy.codegen.known.relation import Kept, Relation
from emgdeploy.graph.types import Graph, Tensor


def needed(graph: Graph, known: Ranges, multiple: int = 1) -> Kept:
    """Tensor index -> (channels,) whether each stays; the fewest that every reader agrees with.

    Images whose channels come in multiples of `multiple` keep such a number, as fast kernels want
    it. Every tensor keeps one channel at least.
    """
    tensors = computed_tensors(graph)
    kept = {t.index: np.zeros(t.shape[-1:] or (1,), np.bool_) for t in tensors}
    rules = [r for op in reversed(graph.ops) for r in relations(graph, op, known)]
    for t in (*graph.inputs, *graph.outputs):
        kept[t][:] = True
    _settle(kept, rules)
    while sum(_fill(kept, t, known, multiple) for t in tensors):
        _settle(kept, rules)
    return kept


def computed_tensors(graph: Graph) -> list[Tensor]:
    """Every tensor that is no constant, those inside of chains included."""
    parts = [part for op in graph.ops for part in op.chain or (op,)]
    found = dict.fromkeys((*graph.inputs, *(t for part in parts for t in part.outputs)))
    return [graph.tensors[t] for t in found]


def _settle(kept: Kept, rules: Iterable[Relation]) -> None:
    """Spread until nothing is added."""
    count = -1
    while count != (count := sum(int(mask.sum()) for mask in kept.values())):
        for rule in rules:
            rule.spread(kept)


def _fill(kept: Kept, tensor: Tensor, known: Ranges, multiple: int) -> bool:
    """Take channels back until their number suits; known ones first, as they need the least."""
    mask = kept[tensor.index]
    count = int(mask.sum())
    whole = multiple if len(tensor.shape) == 4 and mask.size % multiple == 0 else 1
    missing = max(-count % whole, 1 - count)
    if not missing:
        return False
    certain = known[tensor.index].known if tensor.index in known else np.zeros(mask.shape, np.bool_)
    order = np.argsort(~certain, kind="stable")
    mask[[c for c in order if not mask[c]][:missing]] = True
    return True
