"""Shapes that a converter left open, as it does where the batch was not fixed.

The file then holds a 1 for each size it does not know, and the interpreter finds the real one at run
time. Here the batch is 1, so that every size follows from the operator's operands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from emgdeploy.graph import flat
from emgdeploy.graph.passes.slicing import part_of, slice_lists
from emgdeploy.graph.types import Graph, Op, OpKind
from emgdeploy.graph.unary import ELEMENTWISE

_SAME_SHAPE = (*ELEMENTWISE, OpKind.SOFTMAX)


def close_shape(graph: Graph, op: Op) -> Graph:
    """The graph with the shape of `op`'s output filled in, where it is open and can be known.

    Works on graphs that are not validated yet; what makes no sense stays as the file has it.
    """
    out, find = graph.out(op), _SHAPES.get(op.kind)
    if not out.open_shape or find is None or not op.inputs or op.inputs[0] < 0:
        return graph
    shape = find(graph, op)
    if shape is None or any(size < 1 for size in shape) or prod(shape) > flat.MAX_ELEMENTS:
        return graph
    return graph.with_tensor(replace(out, shape=shape))


def _first(graph: Graph, op: Op) -> tuple[int, ...] | None:
    return graph.tensors[op.inputs[0]].shape


def _reshaped(graph: Graph, op: Op) -> tuple[int, ...] | None:
    elements, sizes = graph.tensors[op.inputs[0]].elements, graph.optional(op, 1)
    if sizes is None or sizes.data is None:
        return None
    asked = [int(size) for size in np.asarray(sizes.data).reshape(-1)]
    known = prod(size for size in asked if size != -1)
    if asked.count(-1) == 1 and known > 0 and elements % known == 0:
        asked[asked.index(-1)] = elements // known
    return tuple(asked) if prod(asked) == elements else None


def _rows(graph: Graph, op: Op) -> tuple[int, ...] | None:
    image, weights = graph.tensors[op.inputs[0]], graph.optional(op, 1)
    if weights is None or len(weights.shape) != 2 or weights.shape[1] < 1:
        return None
    units, depth = weights.shape
    if image.elements % depth:
        return None
    return (*image.shape[:-1], units) if op.keep_dims else (image.elements // depth, units)


def _sliced(graph: Graph, op: Op) -> tuple[int, ...] | None:
    lists = slice_lists(graph, op)
    try:
        return part_of(graph.tensors[op.inputs[0]].shape, *lists, op.masks).shape if lists else None
    except (ValueError, IndexError, OverflowError):
        return None


_SHAPES: dict[OpKind, Callable[[Graph, Op], tuple[int, ...] | None]] = {
    OpKind.FULLY_CONNECTED: _rows,
    OpKind.RESHAPE: _reshaped,
    OpKind.STRIDED_SLICE: _sliced,
    **dict.fromkeys(_SAME_SHAPE, _first),
}
