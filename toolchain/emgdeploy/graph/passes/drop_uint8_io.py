"""QUANTIZE from uint8 at the input and to uint8 at the output, left to the host.

Both types hold the same numbers, counted from zero points 128 apart; the host flips the highest bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.operators.conversion import QUANTIZE
from emgdeploy.graph.types import Graph, Op, Tensor

_BETWEEN = 128


def drop_uint8_io(graph: Graph) -> Graph:
    """The model takes the int8 that its first QUANTIZE writes and gives those that its last one reads."""
    return _signed_output(_signed_input(graph))


def _signed_input(graph: Graph) -> Graph:
    readers = graph.consumers().get(graph.inputs[0], [])
    if len(readers) != 1 or not _recounts(graph, readers[0], 0):
        return graph
    first = readers[0]
    return replace(graph, ops=tuple(op for op in graph.ops if op is not first), inputs=first.outputs)


def _signed_output(graph: Graph) -> Graph:
    last = graph.producers().get(graph.outputs[0])
    alone = graph.outputs[0] not in graph.consumers()
    if last is None or not alone or not _recounts(graph, last, 1):
        return graph
    return replace(graph, ops=tuple(op for op in graph.ops if op is not last), outputs=last.inputs[:1])


def _recounts(graph: Graph, op: Op, unsigned: int) -> bool:
    """Whether a QUANTIZE only moves the zero point between uint8, at this end of it, and int8."""
    if op.kind is not QUANTIZE or len(op.inputs) != 1:
        return False
    ends = (graph.tensors[op.inputs[0]], graph.out(op))
    u, s = ends[unsigned], ends[1 - unsigned]
    if u.dtype != np.uint8 or s.dtype != np.int8 or u.shape != s.shape:
        return False
    return (
        _single(u) and _single(s) and u.q.scale == s.q.scale and u.q.zero_point == s.q.zero_point + _BETWEEN
    )


def _single(t: Tensor) -> bool:
    return t.quant is not None and not t.q.per_channel
