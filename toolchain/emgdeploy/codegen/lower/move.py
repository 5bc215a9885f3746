"""PAD, TRANSPOSE and CONCATENATION: bytes moved, of any element type."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.known.interval import Range, Ranges
from emgdeploy.codegen.known.relation import Relation, each, same
from emgdeploy.codegen.lower.axes import Axis, listed, merged, padded, strides
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.errors import InputError
from emgdeploy.graph.axes import axes_of
from emgdeploy.graph.operators.layout import CONCATENATION, EXPAND_DIMS, PAD, RESHAPE, SQUEEZE, TRANSPOSE
from emgdeploy.graph.operators.slices import REVERSE_V2, STRIDED_SLICE
from emgdeploy.graph.slicing import part_of, slice_lists
from emgdeploy.graph.types import Graph, Op, Tensor

_AXES = 4


def lower_pad(graph: Graph, op: Op) -> Step:
    """Row by row from the last one, so that it may grow its input in place."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    amounts = np.asarray(graph.tensors[op.inputs[1]].data, np.int64)
    if len(image.shape) > _AXES:
        raise InputError(
            f"{graph.where(op)} has {len(image.shape)} axes; {_AXES} are supported",
            "reshape its input to fewer axes",
        )
    missing = _AXES - len(image.shape)
    width = image.dtype.itemsize
    return Step(
        op=op,
        kernel="emg_pad",
        header="kernels/layout/pad.h",
        sources=("kernels/layout/pad.c",),
        fields=(
            listed("in_shape", _in_bytes([1] * missing + list(image.shape), width)),
            listed("out_shape", _in_bytes([1] * missing + list(out.shape), width)),
            listed("before", _in_bytes([0] * missing + amounts[:, 0].tolist(), width)),
            Field("value", out.q.zero_point if out.dtype == np.int8 else 0),
        ),
        arrays=(),
        reads=(image.index,),
        writes=out.index,
        bytes_only=True,
        overlaps=(Overlap(image.index, at_least=0),),
    )


def lower_transpose(graph: Graph, op: Op) -> Step:
    image = graph.tensors[op.inputs[0]]
    steps = strides(image.shape)
    return gathering(graph, op, 0, [(image.shape[a], (steps[a],)) for a in axes_of(graph, op)])


def lower_slice(graph: Graph, op: Op) -> Step:
    """STRIDED_SLICE: a part of the input in its own order, or backward."""
    lists = slice_lists(graph, op)
    if lists is None:
        raise LookupError(f"operator {op.index} slices at unknown places")
    part = part_of(graph.tensors[op.inputs[0]].shape, *lists, op.masks)
    axes: list[Axis] = [(size, (step,)) for size, step in zip(part.shape, part.strides, strict=True)]
    return gathering(graph, op, part.first, axes)


def lower_reverse(graph: Graph, op: Op) -> Step:
    """From the last element of each reversed axis on, backward."""
    image = graph.tensors[op.inputs[0]]
    reversed_ = _reversed_axes(graph, op)
    steps = strides(image.shape)
    first = sum(steps[a] * (image.shape[a] - 1) for a in reversed_)
    signs = [-1 if a in reversed_ else 1 for a in range(len(steps))]
    walk: list[Axis] = [
        (size, (sign * step,)) for size, step, sign in zip(image.shape, steps, signs, strict=True)
    ]
    return gathering(graph, op, first, walk)


def _reversed_axes(graph: Graph, op: Op) -> set[int]:
    rank = len(graph.tensors[op.inputs[0]].shape)
    return {int(a) % rank for a in np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)}


def gathering(graph: Graph, op: Op, first: int, walk: list[Axis]) -> Step:
    """The output in order, read from element `first` on; neighbours that stay neighbours travel together."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axes = merged(walk)
    unit = 1
    if axes and axes[-1][1] == (1,):
        unit = axes.pop()[0]
    axes = padded(graph, op, axes, _AXES)
    width = image.dtype.itemsize
    return Step(
        op=op,
        kernel="emg_transpose",
        header="kernels/layout/transpose.h",
        sources=("kernels/layout/transpose.c",),
        fields=(
            Field("first", first * width),
            listed("shape", [size for size, _ in axes]),
            listed("stride", [step[0] * width for _, step in axes]),
            Field("unit", unit * width),
        ),
        arrays=(),
        reads=(image.index,),
        writes=out.index,
        bytes_only=True,
    )


def lower_concatenation(graph: Graph, op: Op) -> Step:
    """CONCATENATION and PACK, row by row; an operand may wait inside the output, behind everything written before
    it."""
    out = graph.out(op)
    parts = [graph.tensors[i] for i in op.inputs]
    axis = op.axis % len(out.shape)
    rows = math.prod(out.shape[:axis])
    runs = [t.nbytes // rows for t in parts]
    before = np.cumsum([0, *runs]).tolist()
    width = before[-1]
    name = f"runs_{op.index}"
    fixed = {t.index: f"operand_{op.index}_{t.index}" for t in parts if t.constant}
    # What is joined twice is read last at its last place.
    places = {
        t.index: -((rows - 1) * (width - run) + start)
        for t, run, start in zip(parts, runs, before, strict=False)
        if not t.constant
    }
    return Step(
        op=op,
        kernel="emg_concatenation",
        header="kernels/layout/concatenation.h",
        sources=("kernels/layout/concatenation.c",),
        fields=(Field("run", name), Field("operands", len(parts)), Field("rows", rows)),
        arrays=(
            Array(name, "int32_t", np.array(runs, np.int32)),
            *(Array(fixed[i], "int8_t", _bytes_of(graph.tensors[i]), "weights") for i in fixed),
        ),
        reads=tuple(i for i in op.inputs if i not in fixed),
        writes=out.index,
        bytes_only=True,
        gathers=True,
        operands=tuple(fixed.get(i, i) for i in op.inputs),
        overlaps=tuple(Overlap(t, at_most=p) for t, p in places.items()),
    )


def _bytes_of(tensor: Tensor) -> NDArray[np.int8]:
    return np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), np.int8)


def _in_bytes(sizes: list[int], width: int) -> list[int]:
    return [*sizes[:-1], sizes[-1] * width]


def _pad_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    return None if np.asarray(graph.tensors[op.inputs[1]].data)[-1].any() else each(graph, op, known)


def _transpose_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    axes = axes_of(graph, op)
    return each(graph, op, known) if axes and axes[-1] == len(axes) - 1 else None


def _concatenation_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    parts, out = graph.ins(op), graph.out(op)
    if any(t.constant for t in parts):
        return None
    if op.axis % len(out.shape) != len(out.shape) - 1:
        return tuple(same(t, out) for t in parts)
    starts = itertools.accumulate((t.shape[-1] for t in parts), initial=0)
    return tuple(
        replace(same(t, t), target=out.index, first=first) for t, first in zip(parts, starts, strict=False)
    )


def _view_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    return given[0]


def _pad_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    amounts = np.asarray(graph.tensors[op.inputs[1]].data, np.int64)
    outside = graph.out(op).q.zero_point
    return given[0].both(lambda x: np.pad(x, amounts, constant_values=outside))


def _reverse_relation(graph: Graph, op: Op, known: Ranges) -> tuple[Relation, ...] | None:
    last = len(graph.tensors[op.inputs[0]].shape) - 1
    return None if last in _reversed_axes(graph, op) else each(graph, op, known)


def _reverse_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    axes = tuple(_reversed_axes(graph, op))
    return given[0].both(lambda x: np.flip(x, axes))


def _transpose_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    axes = axes_of(graph, op)
    return given[0].both(lambda x: x.transpose(axes))


def _concatenation_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    return Range(
        np.concatenate([r.low for r in given], axis=op.axis),
        np.concatenate([r.high for r in given], axis=op.axis),
    )


RECORDS = (
    Record(
        CONCATENATION,
        int8=(lower_concatenation,),
        int16=(lower_concatenation,),
        relation=_concatenation_relation,
        reach=_concatenation_reach,
        activations=None,
    ),
    Record(PAD, int8=(lower_pad,), int16=(lower_pad,), relation=_pad_relation, reach=_pad_reach),
    Record(
        REVERSE_V2,
        int8=(lower_reverse,),
        int16=(lower_reverse,),
        relation=_reverse_relation,
        reach=_reverse_reach,
    ),
    Record(STRIDED_SLICE, int8=(lower_slice,), int16=(lower_slice,)),
    Record(
        TRANSPOSE,
        int8=(lower_transpose,),
        int16=(lower_transpose,),
        relation=_transpose_relation,
        reach=_transpose_reach,
    ),
    *(Record(kind, reach=_view_reach) for kind in (EXPAND_DIMS, RESHAPE, SQUEEZE)),
)
