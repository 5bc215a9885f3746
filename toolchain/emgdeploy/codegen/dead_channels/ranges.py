"""The range of every element of every tensor, by interval arithmetic in the reference's own numbers.

Each operator whose record has a `reach` never falls when one of its inputs rises, or is looked up value by
value; so what it makes of the least inputs is its least output. Any other may give anything. Borders come
out right by themselves, as every element is followed on its own.
"""

from __future__ import annotations

import math

import numpy as np

from emgdeploy.codegen.known.interval import Range, Ranges, anything, constant, is_integer
from emgdeploy.codegen.lower.lookup import lookup_table
from emgdeploy.codegen.selection import record_of
from emgdeploy.graph.types import Graph, Op
from emgdeploy.graph.unary import only_operand

# The most numbers an operator may read in all its places together; each takes some 50 bytes here.
_LARGEST_READ = 1 << 22


def ranges(graph: Graph) -> Ranges:
    """The range of every quantized tensor that is computed, by tensor index.

    Empty for a network with images so large that following each element would take too long.
    """
    if any(_read(graph, op) > _LARGEST_READ for op in graph.ops):
        return {}
    found = {t.index: anything(t) for t in graph.live_tensors() if is_integer(t)}
    for op in graph.ops:
        out = graph.out(op)
        reached = _looked_up(graph, op, found) or _followed(graph, op, found)
        if reached is not None and out.index in found:
            found[out.index] = reached.reshaped(out.shape)
    return found


def _read(graph: Graph, op: Op) -> int:
    """How many numbers an operator reads, each as often as it is read."""
    given = sum(t.elements for t in graph.ins(op))
    if op.window is None:
        return max(given, graph.out(op).elements)
    _, height, width, _ = graph.out(op).shape
    channels = graph.tensors[op.inputs[0]].shape[3]
    return max(given, height * width * math.prod(op.w.size) * channels)


def _looked_up(graph: Graph, op: Op, found: Ranges) -> Range | None:
    """Of an operator that is a table of 256: the least and the greatest entry of each range."""
    image = only_operand(graph, (op.chain or (op,))[0])
    table = lookup_table(graph, op)
    if image is None or table is None:
        return None
    given = found[image.index]
    codes, place = np.unique((given.low + 128) * 256 + given.high + 128, return_inverse=True)
    parts = [table[code // 256 : code % 256 + 1] for code in codes.tolist()]
    low, high = (np.array([f(p) for p in parts], np.int64) for f in (np.min, np.max))
    return Range(low[place].reshape(given.low.shape), high[place].reshape(given.low.shape))


def _followed(graph: Graph, op: Op, found: Ranges) -> Range | None:
    """By the operator's own rule; None where there is none, or it says nothing of this case."""
    record = record_of(op.kind)
    if record.reach is None:
        return None
    tensors = [graph.tensors[t] for t in op.inputs[: record.activations]]
    if not all(is_integer(t) for t in tensors):
        return None
    return record.reach(graph, op, [constant(t) if t.constant else found[t.index] for t in tensors])
