"""ADD, int8, as one linear form, where all 65,536 pairs of operands agree with the reference."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.add import LEFT_SHIFT, add_multipliers, plain_operands
from emgdeploy.codegen.step import Field, Overlap, Step
from emgdeploy.graph.numerics import Multiplier, activation_range
from emgdeploy.graph.types import Graph, Op, Tensor

_FRACTION = 22
_NEAR = (0, 1, -1, 2, -2, 3, -3)
_Q = np.arange(-128, 128, dtype=np.int64)


@dataclass(frozen=True)
class LinearAdd:
    """out = clamp((a * a_weight + b * b_weight + offset) >> 22)."""

    a_weight: int
    b_weight: int
    offset: int


def lower_add_linear(graph: Graph, op: Op) -> Step | None:
    """The step, or None when no such form is exact."""
    if not plain_operands(graph, op):
        return None
    a, b, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    low, high = activation_range(op.activation, out)
    form = linear_form(a, b, out, low, high)
    if form is None:
        return None
    return Step(
        op=op,
        kernel="emg_add_linear_s8",
        header="kernels/elementwise/add_linear_s8.h",
        sources=("kernels/elementwise/add_linear_s8.c",),
        fields=(
            Field("length", out.elements),
            Field("a_weight", form.a_weight),
            Field("b_weight", form.b_weight),
            Field("offset", form.offset),
            Field("low", low),
            Field("high", high),
        ),
        arrays=(),
        reads=(a.index, b.index),
        writes=out.index,
        overlaps=(Overlap(a.index, at_most=0), Overlap(b.index, at_most=0)),
    )


def linear_form(a: Tensor, b: Tensor, out: Tensor, low: int, high: int) -> LinearAdd | None:
    """Search the weights around the real ratios of scales; the offset follows from the pairs."""
    wanted = reference_sums(a, b, out, low, high)
    ratios = (float(a.q.scale) / float(out.q.scale), float(b.q.scale) / float(out.q.scale))
    nearest = [round(r * 2**_FRACTION) for r in ratios]
    for da, db in sorted(product(_NEAR, _NEAR), key=lambda d: abs(d[0]) + abs(d[1])):
        offset = _offset(wanted, nearest[0] + da, nearest[1] + db, low, high)
        if offset is not None:
            return LinearAdd(nearest[0] + da, nearest[1] + db, offset)
    return None


def reference_sums(a: Tensor, b: Tensor, out: Tensor, low: int, high: int) -> NDArray[np.int64]:
    """TFLite's output for every pair of operands, [a + 128, b + 128]."""
    ma, mb, mo = add_multipliers(a, b, out)
    left = _requantized((_Q - a.q.zero_point) << LEFT_SHIFT, ma)
    right = _requantized((_Q - b.q.zero_point) << LEFT_SHIFT, mb)
    total = _requantized(left[:, np.newaxis] + right[np.newaxis, :], mo)
    return np.asarray(np.clip(total + out.q.zero_point, low, high))


def _requantized(acc: NDArray[np.int64], m: Multiplier) -> NDArray[np.int64]:
    """Rounded twice, as MultiplyByQuantizedMultiplier does for a shift that is not positive."""
    right = -m.shift
    high = (acc * m.mantissa + (1 << 30)) >> 31
    mask = (1 << right) - 1
    return np.asarray((high >> right) + ((high & mask) > (mask >> 1) + (high < 0)))


def _offset(wanted: NDArray[np.int64], wa: int, wb: int, low: int, high: int) -> int | None:
    """An offset that puts every sum into its step of the staircase, or None."""
    linear = (_Q * wa)[:, np.newaxis] + (_Q * wb)[np.newaxis, :]
    floor = (wanted << _FRACTION) - linear
    least = int(floor[wanted > low].max(initial=-(2**40)))
    greatest = int((floor + (1 << _FRACTION) - 1)[wanted < high].min(initial=2**40))
    if least > greatest:
        return None
    offset = min(max(0, least), greatest)
    fits = np.abs(linear).max() + abs(offset) < 2**31
    return offset if fits else None
