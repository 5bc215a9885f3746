"""STRIDED_SLICE with its masks as TFLite reads them.

Source: kernels/strided_slice.cc of google-ai-edge/LiteRT; the masks mean what NumPy's slices do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from emgdeploy.graph.types import Graph, Op

Masks = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Part:
    """Which elements of a dense tensor a slice takes: the first one's place, then steps along each axis."""

    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def strided_slice(
    values: NDArray[np.generic], begin: list[int], end: list[int], step: list[int], masks: Masks
) -> NDArray[np.generic]:
    """values[begin:end:step] per axis; `masks` are begin, end, ellipsis, new axis, shrink axis.

    Raises ValueError for lists of different lengths or a step of 0, IndexError past the shape.
    """
    if not len(begin) == len(end) == len(step) <= 32:
        raise ValueError(f"slices with {len(begin)}, {len(end)} and {len(step)} numbers")
    numbers = enumerate(zip(begin, end, step, strict=True))
    index: Any = tuple(_one(axis, *of_axis, masks) for axis, of_axis in numbers)
    # With an ellipsis the result stays a view, even of one element.
    return np.asarray(values[index if Ellipsis in index else (*index, Ellipsis)])


def part_of(shape: tuple[int, ...], begin: list[int], end: list[int], step: list[int], masks: Masks) -> Part:
    """The same for a tensor of `shape` whose values are not known; raises as `strided_slice` does."""
    # One byte that claims to be all elements: views of it are made and measured, never read.
    origin = np.zeros(1, np.int8)
    dense = np.cumprod((1, *shape[:0:-1]), dtype=np.int64)[::-1] if shape else ()
    whole = as_strided(origin, shape, [int(s) for s in dense])
    part = strided_slice(whole, begin, end, step, masks)
    return Part(_address(part) - _address(origin), part.shape, part.strides)


def slice_lists(graph: Graph, op: Op) -> tuple[list[int], list[int], list[int]] | None:
    """Begin, end and step of a STRIDED_SLICE; None where they are not known or no int32."""
    tensors = [graph.optional(op, i) for i in (1, 2, 3)]
    if any(t is None or t.data is None or t.dtype != np.int32 for t in tensors):
        return None
    begin, end, step = ([int(v) for v in np.asarray(t.data).reshape(-1)] for t in tensors if t is not None)
    return begin, end, step


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def _one(axis: int, first: int, last: int, stride: int, masks: Masks) -> object:
    no_begin, no_end, ellipsis, new_axis, shrink = (bool(mask >> axis & 1) for mask in masks)
    if stride == 0:
        raise ValueError("slices with a step of 0")
    if ellipsis:
        return Ellipsis
    if new_axis:
        return None
    if shrink:
        return first
    return slice(None if no_begin else first, None if no_end else last, stride)
