"""GATHER, PACK, TILE and BROADCAST_TO: bytes put side by side or repeated, of any element type."""

from __future__ import annotations

import math

import numpy as np

from emgdeploy.codegen.known.interval import Ranges
from emgdeploy.codegen.known.relation import Relation, each, same
from emgdeploy.codegen.lower.axes import Axis, broadcast_strides, strides
from emgdeploy.codegen.lower.move import gathering, lower_concatenation
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.operators.copies import BROADCAST_TO, GATHER, PACK, TILE
from emgdeploy.graph.types import Graph, Op


def lower_gather(graph: Graph, op: Op) -> Step:
    """Places at equal distances are a slice; any others stand in a table."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axis = op.axis % len(image.shape)
    rows, inner = math.prod(image.shape[:axis]), math.prod(image.shape[axis + 1 :])
    places = np.asarray(graph.tensors[op.inputs[1]].data, np.int64).reshape(-1)
    steps = np.unique(np.diff(places))
    row = image.shape[axis] * inner
    if steps.size < 2:
        step = int(steps[0]) if steps.size else 1
        axes: list[Axis] = [(rows, (row,)), (places.size, (step * inner,)), (inner, (1,))]
        return gathering(graph, op, int(places[0]) * inner, axes)
    width = image.dtype.itemsize
    name = f"places_{op.index}"
    return Step(
        op=op,
        kernel="emg_gather",
        header="kernels/layout/gather.h",
        sources=("kernels/layout/gather.c",),
        fields=(
            Field("places", name),
            Field("count", places.size),
            Field("rows", rows),
            Field("row", row * width),
            Field("unit", inner * width),
        ),
        arrays=(Array(name, "int32_t", (places * inner * width).astype(np.int32)),),
        reads=(image.index,),
        writes=out.index,
        bytes_only=True,
    )


def lower_tile(graph: Graph, op: Op) -> Step:
    """Each axis again and again: two axes, of which the outer one does not move on."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axes: list[Axis] = []
    for size, whole, step in zip(image.shape, out.shape, strides(image.shape), strict=True):
        axes += [(whole // size, (0,)), (size, (step,))]
    return gathering(graph, op, 0, axes)


def lower_broadcast_to(graph: Graph, op: Op) -> Step:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    steps = broadcast_strides(image.shape, out.shape)
    return gathering(graph, op, 0, [(size, (step,)) for size, step in zip(out.shape, steps, strict=True)])


def _pack_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    parts, out = graph.ins(op), graph.out(op)
    if any(t.constant for t in parts) or op.axis % len(out.shape) == len(out.shape) - 1:
        return None
    return tuple(same(t, out) for t in parts)


def _gather_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    rank = len(graph.tensors[op.inputs[0]].shape)
    return None if op.axis % rank == rank - 1 else each(graph, op, known)


RECORDS = (
    Record(BROADCAST_TO, int8=(lower_broadcast_to,), int16=(lower_broadcast_to,), relation=each),
    Record(GATHER, int8=(lower_gather,), int16=(lower_gather,), relation=_gather_relation),
    Record(PACK, int8=(lower_concatenation,), int16=(lower_concatenation,), relation=_pack_relation),
    Record(TILE, int8=(lower_tile,), int16=(lower_tile,), relation=each),
)
