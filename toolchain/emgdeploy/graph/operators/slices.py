"""Operators that take parts of a tensor: all become STRIDED_SLICE, one for each part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.graph.follow import same_shape
from emgdeploy.graph.operators.options import Attributes, Given, table_of
from emgdeploy.graph.operators.rules import BrokenRule, arity, constant, need, same_quantization, unfolded
from emgdeploy.graph.slicing import part_of, slice_lists, strided_slice
from emgdeploy.graph.types import Box, Constants, Graph, Op, Operator, Tensor


def check_strided_slice(graph: Graph, op: Op) -> None:
    arity(op, 4, 4)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    lists = slice_lists(graph, op)
    if lists is None:
        raise BrokenRule(
            "takes places that are only known on the device", "export the model with fixed shapes"
        )
    try:
        wanted = part_of(image.shape, *lists, op.masks).shape
    except (ValueError, IndexError, OverflowError) as error:
        raise BrokenRule(f"takes no part that exists ({error})") from None
    need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    same_quantization(image, out)


def check_reverse(graph: Graph, op: Op) -> None:
    """The reference moves integers as they are, also to another scale, which TensorFlow's converter writes."""
    arity(op, 2, 2)
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    rank = len(image.shape)
    axes = constant(graph, op, 1, "axes").reshape(-1).tolist()
    need(all(-rank <= a < rank for a in axes), f"reverses axes {axes} of rank {rank}")
    need(out.shape == image.shape, f"turns shape {image.shape} into {out.shape}")
    need(out.dtype == image.dtype, f"turns {image.dtype} into {out.dtype}")


def _reverse(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    return np.flip(values[0], tuple(values[1].reshape(-1).tolist()))


def _strided_slice(op: Any, tensors: Given, where: str) -> Attributes:
    t = table_of(op, "StridedSliceOptions", where)
    return {
        "masks": (t.BeginMask(), t.EndMask(), t.EllipsisMask(), t.NewAxisMask(), t.ShrinkAxisMask()),
    }


def _unpack(op: Any, tensors: Given, where: str) -> Attributes:
    return {"axis": int(table_of(op, "UnpackOptions", where).Axis())}


def _slice(op: Op, out: Tensor, values: Constants) -> NDArray[np.generic]:
    if any(v.dtype != np.int32 for v in values[1:4]):
        raise ValueError("slices by numbers that are no int32")
    begin, end, step = (v.reshape(-1).tolist() for v in values[1:4])
    return strided_slice(values[0], begin, end, step, op.masks)


def _sliced(graph: Graph, op: Op) -> tuple[int, ...] | None:
    lists = slice_lists(graph, op)
    try:
        return part_of(graph.tensors[op.inputs[0]].shape, *lists, op.masks).shape if lists else None
    except (ValueError, IndexError, OverflowError):
        return None


def _boxes_of_slice(graph: Graph, op: Op) -> tuple[Tensor, list[Box]]:
    image = _input(graph, op, 0)
    begin, size = _integers(graph, op, 1), _integers(graph, op, 2)
    full = [d - b if s == -1 else s for b, s, d in zip(begin, size, image.shape, strict=True)]
    _inside(image, begin, full)
    return image, [(begin, full)]


def _boxes_of_split(graph: Graph, op: Op) -> tuple[Tensor, list[Box]]:
    image = _input(graph, op, 1)
    axis = _axis(image, _integers(graph, op, 0))
    count = len(op.outputs)
    if image.shape[axis] % count:
        raise ValueError(f"{image.shape[axis]} in {count} equal ones")
    return image, _along(image, axis, [image.shape[axis] // count] * count)


def _boxes_of_split_v(graph: Graph, op: Op) -> tuple[Tensor, list[Box]]:
    image = _input(graph, op, 0)
    axis = _axis(image, _integers(graph, op, 2))
    return image, _along(image, axis, _filled(_integers(graph, op, 1), image.shape[axis]))


def _boxes_of_unpack(graph: Graph, op: Op) -> tuple[Tensor, list[Box]]:
    image = _input(graph, op, 0)
    axis, count = _axis(image, [op.axis]), len(op.outputs)
    if image.shape[axis] != count:  # said before a list of that size is made
        raise ValueError(f"{count} of {image.shape[axis]}")
    return image, _along(image, axis, [1] * count)


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


def _along(image: Tensor, axis: int, sizes: list[int]) -> list[Box]:
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


REVERSE_V2 = Operator("REVERSE_V2", check_reverse, newest=3, fold=_reverse, shape=same_shape)
SLICE = Operator("SLICE", unfolded, newest=6, parts=_boxes_of_slice)
SPLIT = Operator("SPLIT", unfolded, newest=4, several_outputs=True, parts=_boxes_of_split)
SPLIT_V = Operator("SPLIT_V", unfolded, newest=2, several_outputs=True, parts=_boxes_of_split_v)
STRIDED_SLICE = Operator(
    "STRIDED_SLICE", check_strided_slice, newest=4, attributes=_strided_slice, fold=_slice, shape=_sliced
)
UNPACK = Operator(
    "UNPACK", unfolded, newest=4, attributes=_unpack, several_outputs=True, parts=_boxes_of_unpack
)
