"""Operators that put numbers side by side or repeat them: PACK, GATHER, TILE and BROADCAST_TO."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.operators.options import Attributes, Given, table_of
from emgdeploy.graph.operators.rules import arity, constant, need, same_quantization
from emgdeploy.graph.types import Constants, Graph, Op, Operator, Tensor


def check_pack(graph: Graph, op: Op) -> None:
    need(bool(op.inputs) and all(i >= 0 for i in op.inputs), "lacks a required input")
    parts, out = [graph.tensors[i] for i in op.inputs], graph.out(op)
    rank = len(out.shape)
    need(-rank <= op.axis < rank, f"packs along axis {op.axis} of rank {rank}")
    axis = op.axis % rank
    wanted = (*out.shape[:axis], *out.shape[axis + 1 :])
    for part in parts:
        same_quantization(part, out)
        need(part.shape == wanted, f"packs shape {part.shape} into {out.shape} along axis {axis}")
    need(out.shape[axis] == len(parts), f"writes shape {out.shape} of {len(parts)} parts")


def check_gather(graph: Graph, op: Op) -> None:
    """The reference refuses places outside of the axis."""
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    places = constant(graph, op, 1, "places")
    rank = len(image.shape)
    need(-rank <= op.axis < rank, f"gathers along axis {op.axis} of rank {rank}")
    size = image.shape[op.axis % rank]
    need(
        places.size > 0 and int(places.min()) >= 0 and int(places.max()) < size,
        f"gathers places beyond {size}",
    )
    wanted = _gathered_shape(graph, op)
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_tile(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    counts = [int(c) for c in constant(graph, op, 1, "counts").reshape(-1)]
    need(
        len(counts) == len(image.shape) and min(counts, default=1) > 0,
        f"repeats {image.shape} {counts} times",
    )
    wanted = tuple(d * c for d, c in zip(image.shape, counts, strict=True))
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_broadcast_to(graph: Graph, op: Op) -> None:
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    wanted = tuple(int(d) for d in constant(graph, op, 1, "sizes").reshape(-1))
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} is asked for")
    fits = zip(image.shape[::-1], wanted[::-1], strict=False)
    need(
        len(image.shape) <= len(wanted) and all(d in (1, w) for d, w in fits),
        f"repeats {image.shape} to {wanted}",
    )
    same_quantization(image, out)


def _gather(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "GatherOptions", where)
    if table.BatchDims() != 0:
        raise InputError(
            f"{where} gathers in batches, which is not supported", "export the model with fixed shapes"
        )
    return {"axis": int(table.Axis())}


def _pack(op: Any, tensors: Given, where: str) -> Attributes:
    table = table_of(op, "PackOptions", where)
    if table.ValuesCount() != len(tensors):
        raise InputError(f"{where} has {len(tensors)} inputs for {table.ValuesCount()} values", flat.HINT)
    return {"axis": int(table.Axis())}


def _gathered(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    indices = values[1].astype(np.int64)
    if indices.size and indices.min() < 0:
        raise ValueError("negative indices")
    if values[0].size // max(values[0].shape[op.axis], 1) * indices.size != out.elements:
        raise ValueError(f"{indices.size} places of {values[0].shape} for {out.shape}")
    return np.asarray(np.take(values[0], indices, axis=op.axis))


def _packed(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    return np.stack(values, axis=op.axis)


def _tiled(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    counts = [int(c) for c in values[1].reshape(-1)]
    if len(counts) != values[0].ndim or min(counts, default=1) < 1:
        raise ValueError(f"{counts} times")
    if out.shape != tuple(d * c for d, c in zip(values[0].shape, counts, strict=True)):
        raise ValueError(f"{out.shape} of {values[0].shape}")
    return np.tile(values[0], counts)


def _repeated(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    return np.array(np.broadcast_to(values[0], out.shape))


def _gathered_shape(graph: Graph, op: Op) -> tuple[int, ...] | None:
    image, places = graph.tensors[op.inputs[0]], graph.optional(op, 1)
    rank = len(image.shape)
    if places is None or not -rank <= op.axis < rank:
        return None
    axis = op.axis % rank
    return (*image.shape[:axis], *places.shape, *image.shape[axis + 1 :])


def _packed_shape(graph: Graph, op: Op) -> tuple[int, ...] | None:
    shape = graph.tensors[op.inputs[0]].shape
    rank = len(shape) + 1
    if not -rank <= op.axis < rank:
        return None
    axis = op.axis % rank
    return (*shape[:axis], len(op.inputs), *shape[axis:])


def _tiled_shape(graph: Graph, op: Op) -> tuple[int, ...] | None:
    image, counts = graph.tensors[op.inputs[0]], graph.optional(op, 1)
    if counts is None or counts.data is None or counts.elements != len(image.shape):
        return None
    return tuple(d * int(c) for d, c in zip(image.shape, np.ravel(counts.data), strict=True))


def _wanted_shape(graph: Graph, op: Op) -> tuple[int, ...] | None:
    sizes = graph.optional(op, 1)
    if sizes is None or sizes.data is None:
        return None
    return tuple(int(d) for d in np.ravel(sizes.data))


BROADCAST_TO = Operator("BROADCAST_TO", check_broadcast_to, newest=3, fold=_repeated, shape=_wanted_shape)
GATHER = Operator("GATHER", check_gather, newest=4, attributes=_gather, fold=_gathered, shape=_gathered_shape)
PACK = Operator("PACK", check_pack, newest=5, attributes=_pack, fold=_packed, shape=_packed_shape)
TILE = Operator("TILE", check_tile, newest=3, fold=_tiled, shape=_tiled_shape)
