"""Chains of element-by-element operators on int8 joined into one.

An int8 operator of one operand is a table of 256 numbers, and a chain of them is one as well. The
tables are composed by the code generator, so nothing is rounded that was not rounded before.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.graph.operators.conversion import DEQUANTIZE
from emgdeploy.graph.types import Graph, Op
from emgdeploy.graph.unary import only_operand


def fuse_lookups(graph: Graph) -> Graph:
    """Let the last operator of each chain stand for all of it."""
    consumers = graph.consumers()
    fused: dict[int, Op] = {}
    for op in graph.ops:
        image = only_operand(graph, op)
        before = fused.get(image.index) if image is not None else None
        if before is not None and _joins(graph, before, len(consumers[before.outputs[0]])):
            del fused[before.outputs[0]]
            chain = (*(before.chain or (before,)), op)
            fused[op.outputs[0]] = replace(op, inputs=_read(graph, chain[0]), chain=chain)
        else:
            fused[op.outputs[0]] = op
    return _split_float_ends(graph.with_ops(tuple(fused.values())))


def _joins(graph: Graph, before: Op, readers: int) -> bool:
    first = only_operand(graph, before.chain[0] if before.chain else before)
    alone = readers == 1 and before.outputs[0] not in graph.outputs
    return first is not None and first.dtype == np.int8 and alone


def _read(graph: Graph, first: Op) -> tuple[int, ...]:
    image = only_operand(graph, first)
    return (image.index,) if image is not None else first.inputs


def _split_float_ends(graph: Graph) -> Graph:
    """A chain that ends in float32 gives its DEQUANTIZE back: no table holds float32."""
    return graph.with_ops(tuple(part for op in graph.ops for part in _split(graph, op)))


def _split(graph: Graph, op: Op) -> tuple[Op, ...]:
    if not op.chain or op.kind is not DEQUANTIZE:
        return (op,)
    last = op.chain[-1]
    rest = op.chain[:-1]
    joined = replace(rest[-1], inputs=op.inputs, chain=rest) if len(rest) > 1 else rest[0]
    return joined, last
