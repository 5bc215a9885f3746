"""SLICE, SPLIT, SPLIT_V and UNPACK as STRIDED_SLICE, one for each output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.types import Graph, Op, OpKind, Tensor

SLICES = (OpKind.SLICE, OpKind.SPLIT, OpKind.SPLIT_V, OpKind.UNPACK)

# Of one output: begin and size for each axis of the input.
_Box = tuple[list[int], list[int]]


def as_slices(graph: Graph, op: Op, spare: int) -> tuple[Graph, tuple[Op, ...]]:
    """The graph with the constants that the operators in place of `op` need, and those operators.

    Operators beyond the first are numbered from `spare`. Works on graphs that are not validated yet.
    Raises InputError where the places are not known or make no sense.
    """
    if op.kind not in SLICES:
        return graph, (op,)
    try:
        image, boxes = _boxes(graph, op)
        if len(boxes) != len(op.outputs):
            raise ValueError(f"{len(op.outputs)} of {len(boxes)}")
    except (ValueError, IndexError) as error:
        raise InputError(f"{graph.where(op)} takes no parts that exist ({error})", flat.HINT) from None
    shrunk = 1 << op.axis % max(len(image.shape), 1) if op.kind is OpKind.UNPACK else 0
    made = []
    for number, ((begin, size), out) in enumerate(zip(boxes, op.outputs, strict=True)):
        lists = (begin, [b + s for b, s in zip(begin, size, strict=True)], [1] * len(begin))
        inputs = [image.index]
        for values in lists:
            graph, index = _constant(graph, values)
            inputs.append(index)
        masks = (0, 0, 0, 0, shrunk)
        index = op.index if number == 0 else spare + number - 1
        made.append(Op(index, OpKind.STRIDED_SLICE, tuple(inputs), (out,), masks=masks))
    return graph, tuple(made)


def _constant(graph: Graph, values: Sequence[int]) -> tuple[Graph, int]:
    data = np.asarray(values, np.int32)
    index = max(graph.tensors) + 1
    return graph.with_tensor(Tensor(index, "", data.shape, data.dtype, data=data)), index


def _boxes(graph: Graph, op: Op) -> tuple[Tensor, list[_Box]]:
    """What is cut up, and each output's part of it."""
    if op.kind is OpKind.SPLIT:
        image = _input(graph, op, 1)
        axis = _axis(image, _integers(graph, op, 0))
        count = len(op.outputs)
        if image.shape[axis] % count:
            raise ValueError(f"{image.shape[axis]} in {count} equal ones")
        return image, _along(image, axis, [image.shape[axis] // count] * count)
    image = _input(graph, op, 0)
    if op.kind is OpKind.SPLIT_V:
        axis = _axis(image, _integers(graph, op, 2))
        return image, _along(image, axis, _filled(_integers(graph, op, 1), image.shape[axis]))
    if op.kind is OpKind.UNPACK:
        axis, count = _axis(image, [op.axis]), len(op.outputs)
        if image.shape[axis] != count:  # said before a list of that size is made
            raise ValueError(f"{count} of {image.shape[axis]}")
        return image, _along(image, axis, [1] * count)
    begin, size = _integers(graph, op, 1), _integers(graph, op, 2)
    full = [d - b if s == -1 else s for b, s, d in zip(begin, size, image.shape, strict=True)]
    _inside(image, begin, full)
    return image, [(begin, full)]


def _input(graph: Graph, op: Op, position: int) -> Tensor:
    if position >= len(op.inputs) or op.inputs[position] < 0:
        raise ValueError("an input is missing")
    return graph.tensors[op.inputs[position]]


def _integers(graph: Graph, op: Op, position: int) -> list[int]:
    tensor = _input(graph, op, position)
    if tensor.data is None:
        raise InputError(
            f"{graph.where(op)} takes places that are only known on the device",
            "export the model with fixed shapes",
        )
    if tensor.dtype not in (np.int32, np.int64):
        raise ValueError(f"places of type {tensor.dtype}")
    return [int(v) for v in np.asarray(tensor.data).reshape(-1)]


def _axis(image: Tensor, named: list[int]) -> int:
    rank = len(image.shape)
    if len(named) != 1 or not -rank <= named[0] < rank:
        raise ValueError(f"axis {named} of {rank}")
    return named[0] % rank


def _filled(sizes: list[int], whole: int) -> list[int]:
    """One size may be left open."""
    if sizes.count(-1) > 1:
        raise ValueError("several sizes are open")
    rest = whole - sum(s for s in sizes if s != -1)
    return [rest if s == -1 else s for s in sizes]


def _along(image: Tensor, axis: int, sizes: list[int]) -> list[_Box]:
    """Neighbours along one axis, which together are all of it."""
    if sum(sizes) != image.shape[axis]:
        raise ValueError(f"sizes {sizes} of {image.shape[axis]}")
    boxes, start = [], 0
    for size in sizes:
        begin, full = [0] * len(image.shape), list(image.shape)
        begin[axis], full[axis] = start, size
        _inside(image, begin, full)
        boxes.append((begin, full))
        start += size
    return boxes


def _inside(image: Tensor, begin: list[int], size: list[int]) -> None:
    fits = all(b >= 0 and s >= 1 and b + s <= d for b, s, d in zip(begin, size, image.shape, strict=True))
    if not fits:
        raise ValueError(f"{size} from {begin} of {image.shape}")
