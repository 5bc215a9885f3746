"""How operators work on the source of a transposed tensor instead of on the tensor itself.

Each function answers for one operator: its inputs as they are then, the shape of its output before
the transposition, and the axes that make the old output of the new one. None: it has to have its
operands computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.axes import Axes, inverse, transposed_shape
from emgdeploy.graph.types import Graph, Moved, Op, Operands, Tensor, Turned


def integers(values: Sequence[int] | NDArray[np.int64]) -> Tensor:
    """An int32 constant that is not part of a graph yet."""
    data = np.asarray(values, np.int32)
    return Tensor(0, "", data.shape, data.dtype, data=data)


def same_shape(graph: Graph, op: Op) -> tuple[int, ...] | None:
    """The shape of the first input."""
    return graph.tensors[op.inputs[0]].shape


def each(graph: Graph, op: Op, turned: Mapping[int, Turned]) -> Moved | None:
    """Operators that compute each element from the one at its place."""
    source, axes = turned[op.inputs[0]]
    return Moved((source.index,), source.shape, axes)


def last_axis(graph: Graph, op: Op, turned: Mapping[int, Turned]) -> Moved | None:
    """Operators that treat the last axis as a whole: it must stay where it is."""
    _, axes = turned[op.inputs[0]]
    return each(graph, op, turned) if axes[-1] == len(graph.out(op).shape) - 1 else None


def reduction(graph: Graph, op: Op, turned: Mapping[int, Turned]) -> Moved | None:
    """Operators whose second input names the axes that become one number."""
    source, axes = turned[op.inputs[0]]
    rank = len(axes)
    named = np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)
    dropped = {axes[int(a) % rank] for a in named}
    if op.keep_dims:
        shape = tuple(1 if a in dropped else d for a, d in enumerate(source.shape))
    else:
        left = [a for a in range(rank) if a not in dropped]
        shape = tuple(source.shape[a] for a in left)
        axes = tuple(left.index(a) for a in axes if a not in dropped)
    return Moved((source.index, integers(sorted(dropped))), shape, axes)


def pair(graph: Graph, op: Op, turned: Mapping[int, Turned]) -> Moved | None:
    """Operators of two operands that are of one rank, or repeat: constants are turned along."""
    found = {axes for _, axes in turned.values()}
    if len(found) != 1 or len(axes := found.pop()) != len(graph.out(op).shape):
        return None
    inputs = [turned[i][0].index if i in turned else _operand(graph, i, axes) for i in op.inputs]
    shape = transposed_shape(graph.out(op).shape, inverse(axes))
    taken = tuple(i for i in inputs if i is not None)
    return Moved(taken, shape, axes) if len(taken) == len(inputs) else None


def _operand(graph: Graph, index: int, axes: Axes) -> int | Tensor | None:
    """The operand as the source's layout wants it; None where it is computed in another."""
    tensor = graph.tensors[index]
    if tensor.elements == 1:
        return index
    if tensor.data is None:
        return None
    data = np.asarray(tensor.data).reshape((1,) * (len(axes) - len(tensor.shape)) + tensor.shape)
    return tensor.with_data(np.ascontiguousarray(data.transpose(inverse(axes))))


USUAL = {Operands.ONE: each, Operands.TWO: pair, Operands.SLOPES: pair}
