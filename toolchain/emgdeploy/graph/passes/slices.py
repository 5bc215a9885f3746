"""SLICE, SPLIT, SPLIT_V and UNPACK as STRIDED_SLICE, one for each output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.operators.slices import STRIDED_SLICE, UNPACK
from emgdeploy.graph.types import Graph, Op, Tensor


def as_slices(graph: Graph, op: Op, spare: int) -> tuple[Graph, tuple[Op, ...]]:
    """The graph with the constants that the operators in place of `op` need, and those operators.

    Operators beyond the first are numbered from `spare`. Works on graphs that are not validated yet.
    Raises InputError where the places are not known or make no sense.
    """
    if op.kind.parts is None:
        return graph, (op,)
    try:
        image, boxes = op.kind.parts(graph, op)
        if len(boxes) != len(op.outputs):
            raise ValueError(f"{len(op.outputs)} of {len(boxes)}")
    except (ValueError, IndexError) as error:
        raise InputError(f"{graph.where(op)} takes no parts that exist ({error})", flat.HINT) from None
    shrunk = 1 << op.axis % max(len(image.shape), 1) if op.kind is UNPACK else 0
    made = []
    for number, ((begin, size), out) in enumerate(zip(boxes, op.outputs, strict=True)):
        lists = (begin, [b + s for b, s in zip(begin, size, strict=True)], [1] * len(begin))
        inputs = [image.index]
        for values in lists:
            graph, index = _constant(graph, values)
            inputs.append(index)
        masks = (0, 0, 0, 0, shrunk)
        index = op.index if number == 0 else spare + number - 1
        made.append(Op(index, STRIDED_SLICE, tuple(inputs), (out,), masks=masks))
    return graph, tuple(made)


def _constant(graph: Graph, values: Sequence[int]) -> tuple[Graph, int]:
    data = np.asarray(values, np.int32)
    index = max(graph.tensors) + 1
    return graph.with_tensor(Tensor(index, "", data.shape, data.dtype, data=data)), index
