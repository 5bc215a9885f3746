"""What can be computed from the file alone: shapes, and everything derived from constants.

Converters leave shape arithmetic behind (SHAPE, STRIDED_SLICE, GATHER, ...); with fixed shapes all of
it is constant. The results replace the tensors, so that no later stage meets these operators.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.operators.shapes import SHAPE
from emgdeploy.graph.passes.open_shapes import close_shape
from emgdeploy.graph.passes.slices import as_slices
from emgdeploy.graph.types import Graph, Op, Tensor

_LARGEST_FOLDED = 1 << 20
# What SHAPE may write, by the schema's type numbers.
_SHAPE_TYPES = {2: np.int32, 4: np.int64}


def fold_constants(graph: Graph) -> Graph:
    """Remove every operator whose output the compiler knows; its output becomes a constant.

    Works on graphs that are not validated yet, as their padding amounts and shapes may come from
    here. Raises InputError naming the operator whose arithmetic makes no sense.
    """
    kept: list[Op] = []
    spare = max((op.index for op in graph.ops), default=0) + 1
    for written in graph.ops:
        graph, ops = as_slices(graph, written, spare)
        spare += len(ops) - 1
        for op in ops:
            value = _value(graph, op)
            if value is None:
                graph = close_shape(graph, op)
                kept.append(op)
            else:
                graph = graph.with_tensor(_constant(graph, op, value))
    return graph.with_ops(tuple(kept))


def _value(graph: Graph, op: Op) -> NDArray[np.generic] | None:
    if op.kind is SHAPE:
        if op.element_type not in _SHAPE_TYPES:
            raise _nonsense(graph, op, f"element type number {op.element_type}")
        return np.array(graph.tensors[op.inputs[0]].shape, _SHAPE_TYPES[op.element_type])
    fold = op.kind.fold
    tensors = graph.ins(op)
    if fold is None or not tensors or any(t.data is None for t in tensors):
        return None
    if graph.out(op).elements > _LARGEST_FOLDED:
        raise _nonsense(graph, op, f"{graph.out(op).elements} elements")
    try:
        return fold(op, graph.out(op), [np.asarray(t.data) for t in tensors])
    except (ValueError, IndexError, OverflowError, TypeError) as error:
        raise _nonsense(graph, op, str(error).splitlines()[0] if str(error) else "shapes") from None


def _nonsense(graph: Graph, op: Op, reason: str) -> InputError:
    return InputError(f"{graph.where(op)} computes no constant ({reason})", flat.HINT)


def _constant(graph: Graph, op: Op, value: NDArray[np.generic]) -> Tensor:
    out = graph.out(op)
    if value.shape != out.shape or value.dtype != out.dtype:
        raise _nonsense(graph, op, f"{value.dtype} {value.shape} for {out.dtype} {out.shape}")
    return replace(out, data=value)
