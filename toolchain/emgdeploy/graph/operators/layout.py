"""Operators that move values and change none."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph import flat, follow
from emgdeploy.graph.axes import axes_of, inverse, keeps_order, transposed_shape
from emgdeploy.graph.operators.options import Attributes, Given, activation_of, small, table_of
from emgdeploy.graph.operators.rules import arity, constant, need, same_quantization
from emgdeploy.graph.types import Activation, Constants, Graph, Moved, Op, Operator, Tensor, Turned

_LARGEST_PADDING = 4096


def check_pad(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, amounts, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    table = constant(graph, op, 1, "padding amounts")
    need(amounts.shape == (len(image.shape), 2), f"has padding amounts of shape {amounts.shape}")
    sane = bool((table >= 0).all()) and int(table.max(initial=0)) <= _LARGEST_PADDING
    need(sane, "has impossible padding amounts")
    wanted = tuple(d + int(a) + int(b) for d, (a, b) in zip(image.shape, table, strict=True))
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_transpose(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axes = [int(a) for a in constant(graph, op, 1, "axes").reshape(-1)]
    rank = len(image.shape)
    need(all(-rank <= a < rank for a in axes), f"has axes {axes} for rank {rank}")
    axes = [a % rank for a in axes]
    need(sorted(axes) == list(range(rank)), f"has axes {axes}, which are no permutation of {rank}")
    wanted = tuple(image.shape[a] for a in axes)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_concatenation(graph: Graph, op: Op) -> None:
    need(bool(op.inputs) and all(i >= 0 for i in op.inputs), "lacks a required input")
    need(op.activation is Activation.NONE, "has a fused activation, which the reference refuses")
    out = graph.out(op)
    rank = len(out.shape)
    need(rank > 0 and -rank <= op.axis < rank, f"joins along axis {op.axis} of rank {rank}")
    axis = op.axis % rank
    parts = [graph.tensors[i] for i in op.inputs]
    for part in parts:
        same_quantization(part, out)
        need(len(part.shape) == rank, f"joins shapes {part.shape} and {out.shape}")
        rest = all(p == o for d, (p, o) in enumerate(zip(part.shape, out.shape, strict=True)) if d != axis)
        need(rest, f"joins shape {part.shape} into {out.shape} along axis {axis}")
    need(sum(p.shape[axis] for p in parts) == out.shape[axis], f"writes shape {out.shape}")


def check_reshape(graph: Graph, op: Op) -> None:
    arity(op, 1, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    need(image.elements == out.elements, f"turns shape {image.shape} into {out.shape}")
    asked = [int(d) for d in constant(graph, op, 1, "sizes").reshape(-1)] if len(op.inputs) > 1 else op.sizes
    # Without the sizes as an input, an old file may leave the option out as well.
    if asked:
        fits = len(asked) == len(out.shape) and all(
            a in (-1, d) for a, d in zip(asked, out.shape, strict=True)
        )
        need(
            fits and list(asked).count(-1) <= 1, f"writes shape {out.shape} where {list(asked)} is asked for"
        )
    same_quantization(image, out)


def check_squeeze(graph: Graph, op: Op) -> None:
    arity(op, 1, 1)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    rank = len(image.shape)
    need(all(-rank <= a < rank for a in op.sizes), f"squeezes axes {list(op.sizes)} of rank {rank}")
    dropped = {a % rank for a in op.sizes} if op.sizes else {a for a, d in enumerate(image.shape) if d == 1}
    need(all(image.shape[a] == 1 for a in dropped), f"squeezes axes {sorted(dropped)} of {image.shape}")
    wanted = tuple(d for a, d in enumerate(image.shape) if a not in dropped)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_expand_dims(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axis = constant(graph, op, 1, "axes")
    rank = len(image.shape)
    need(axis.size == 1 and -rank - 1 <= int(axis.reshape(-1)[0]) <= rank, "has an impossible axis")
    wanted = tuple(np.expand_dims(np.empty(image.shape, np.bool_), int(axis.reshape(-1)[0])).shape)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def _concat(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "ConcatenationOptions", where)
    return {"activation": activation_of(table, where), "axis": int(table.Axis())}


def _reshape(op: Any, tensors: Given, where: str) -> Attributes:
    table = flat.options(op, "ReshapeOptions")
    return {"sizes": small(table, "NewShape", where)} if table is not None else {}


def _squeeze(op: Any, tensors: Given, where: str) -> Attributes:
    table = flat.options(op, "SqueezeOptions")
    return {"sizes": small(table, "SqueezeDims", where)} if table is not None else {}


def _concatenate(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    return np.concatenate(values, axis=op.axis)


def _reshaped(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    return values[0].reshape(out.shape)


def _transpose(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    return np.transpose(values[0], values[1].tolist())


def _shape_asked_for(graph: Graph, op: Op) -> tuple[int, ...] | None:
    elements, sizes = graph.tensors[op.inputs[0]].elements, graph.optional(op, 1)
    if sizes is None or sizes.data is None:
        return None
    asked = [int(size) for size in np.asarray(sizes.data).reshape(-1)]
    known = prod(size for size in asked if size != -1)
    if asked.count(-1) == 1 and known > 0 and elements % known == 0:
        asked[asked.index(-1)] = elements // known
    return tuple(asked) if prod(asked) == elements else None


def _pad_moved(graph: Graph, op: Op, turned: Mapping[int, Turned]) -> Moved:
    source, axes = turned[op.inputs[0]]
    amounts = np.asarray(graph.tensors[op.inputs[1]].data, np.int64)[list(inverse(axes))]
    return Moved(
        (source.index, follow.integers(amounts)), transposed_shape(graph.out(op).shape, inverse(axes)), axes
    )


def _parts_moved(graph: Graph, op: Op, turned: Mapping[int, Turned]) -> Moved | None:
    """Where all parts are turned alike."""
    found = {turned[i][1] if i in turned else None for i in op.inputs}
    axes = found.pop()
    if found or axes is None:
        return None
    shape = transposed_shape(graph.out(op).shape, inverse(axes))
    return Moved(tuple(turned[i][0].index for i in op.inputs), shape, axes, axis=axes[op.axis % len(axes)])


def _keeps_places(graph: Graph, op: Op) -> bool:
    return keeps_order(graph.tensors[op.inputs[0]].shape, axes_of(graph, op))


def _pads_nothing(graph: Graph, op: Op) -> bool:
    return not np.asarray(graph.tensors[op.inputs[1]].data).any()


def _joins_one(graph: Graph, op: Op) -> bool:
    return len(op.inputs) == 1


CONCATENATION = Operator(
    "CONCATENATION",
    check_concatenation,
    newest=7,
    attributes=_concat,
    fold=_concatenate,
    copies=_joins_one,
    follows=_parts_moved,
)
EXPAND_DIMS = Operator("EXPAND_DIMS", check_expand_dims, view=True, fold=_reshaped)
PAD = Operator("PAD", check_pad, newest=6, copies=_pads_nothing, follows=_pad_moved)
RESHAPE = Operator(
    "RESHAPE", check_reshape, attributes=_reshape, view=True, fold=_reshaped, shape=_shape_asked_for
)
SQUEEZE = Operator("SQUEEZE", check_squeeze, attributes=_squeeze, view=True, fold=_reshaped)
TRANSPOSE = Operator("TRANSPOSE", check_transpose, newest=8, fold=_transpose, copies=_keeps_places)
