"""STRIDED_SLICE of a constant, with its masks as TFLite reads them.

Source: kernels/strided_slice.cc of google-ai-edge/LiteRT; the masks mean what NumPy's slices do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Masks = tuple[int, int, int, int, int]


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
    return np.asarray(values[index])


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
