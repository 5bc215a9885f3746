"""Permutations of axes, as TRANSPOSE takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emgdeploy.graph.types import Graph, Op, Origin, Tensor

Axes = tuple[int, ...]


def inverse(axes: Axes) -> Axes:
    """The permutation that undoes `axes`."""
    return tuple(axes.index(i) for i in range(len(axes)))


def composed(first: Axes, second: Axes) -> Axes:
    """One permutation for transposing by `first`, then by `second`."""
    return tuple(first[a] for a in second)


def transposed_shape(shape: Sequence[int], axes: Axes) -> tuple[int, ...]:
    return tuple(shape[a] for a in axes)


def keeps_order(shape: Sequence[int], axes: Axes) -> bool:
    """Whether a transposition leaves every element where it is, as it moves axes of size 1 only."""
    moved = [a for a in axes if shape[a] != 1]
    return moved == sorted(moved)


def transposed_origin(tensor: Tensor, axes: Axes) -> Origin:
    """What a transposed copy of `tensor` is equal to."""
    source = tensor.source
    return Origin(source.tensor, composed(source.axes, axes) if source.axes else axes)


def axes_of(graph: Graph, op: Op) -> Axes:
    """The permutation of a TRANSPOSE, without negative numbers."""
    values = np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)
    return tuple(int(a) % values.size for a in values)
