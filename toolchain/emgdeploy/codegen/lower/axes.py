"""Axes reduced to what a kernel's loops must know: sizes and strides, as few as possible."""

from __future__ import annotations

from collections.abc import Sequence

from emgdeploy.codegen.step import Field
from emgdeploy.errors import InputError
from emgdeploy.graph.types import Graph, Op

# Per axis: its size, and for each operand how far apart its neighbours lie (0: it repeats).
Axis = tuple[int, tuple[int, ...]]


def strides(shape: Sequence[int]) -> list[int]:
    """Elements between neighbours along each axis of a dense tensor."""
    found, step = [], 1
    for size in reversed(shape):
        found.append(step)
        step *= size
    return found[::-1]


def broadcast_strides(shape: Sequence[int], out: Sequence[int]) -> list[int]:
    """The strides of an operand along the output's axes, 0 where it repeats."""
    padded = [1] * (len(out) - len(shape)) + list(shape)
    return [0 if size == 1 else step for size, step in zip(padded, strides(padded), strict=True)]


def merged(axes: Sequence[Axis]) -> list[Axis]:
    """The same walk with axes of size 1 dropped and axes joined wherever every operand allows it."""
    found: list[Axis] = []
    for size, steps in axes:
        if size == 1:
            continue
        if found and all(outer == inner * size for outer, inner in zip(found[-1][1], steps, strict=True)):
            found[-1] = (found[-1][0] * size, steps)
        else:
            found.append((size, steps))
    return found


def padded(graph: Graph, op: Op, axes: list[Axis], count: int) -> list[Axis]:
    """`count` axes, the missing ones of size 1 in front; InputError when there are more."""
    if len(axes) > count:
        raise InputError(
            f"{graph.where(op)} walks over {len(axes)} separate axes; {count} are supported",
            "reshape its operands to fewer axes",
        )
    operands = len(axes[0][1]) if axes else 2
    return [(1, (0,) * operands)] * (count - len(axes)) + axes


def listed(name: str, numbers: Sequence[int]) -> Field:
    """An array member of a parameter struct."""
    return Field(name, f"{{{', '.join(map(str, numbers))}}}")
