"""MEAN, REDUCE_MAX and REDUCE_MIN over any axes."""

from __future__ import annotations

import math

import numpy as np

from emgdeploy.codegen.exact.fixedpoint import requantize
from emgdeploy.codegen.known.interval import Ints, Range
from emgdeploy.codegen.known.relation import reduced
from emgdeploy.codegen.lower.axes import Axis, listed, merged, padded, strides
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Field, Step
from emgdeploy.graph.numerics import Multiplier, quantize_multiplier, type_range
from emgdeploy.graph.operators.reduction import (
    MEAN,
    REDUCE_MAX,
    REDUCE_MIN,
)
from emgdeploy.graph.types import Graph, Op, Tensor


def lower_mean(graph: Graph, op: Op) -> Step:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    axes, count = _axes(graph, op)
    m = mean_multiplier(image, out, count)
    fields = (
        *axes,
        Field("offset", image.q.zero_point * count),
        Field("multiplier", m.mantissa),
        Field("shift", m.shift),
        Field("zero_point", out.q.zero_point),
    )
    return _step(graph, op, "mean", fields)


def lower_reduce_extreme(graph: Graph, op: Op) -> Step:
    """REDUCE_MAX and REDUCE_MIN."""
    axes, _ = _axes(graph, op)
    return _step(graph, op, "reduce_extreme", (*axes, Field("largest", int(op.kind is REDUCE_MAX))))


def _axes(graph: Graph, op: Op) -> tuple[tuple[Field, ...], int]:
    """The walk over what remains and over what becomes one number, and how many that are."""
    image = graph.tensors[op.inputs[0]]
    dropped = {int(a) % len(image.shape) for a in np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)}
    axes = list(enumerate(zip(image.shape, strides(image.shape), strict=True)))
    kept = _pair(graph, op, [(size, (step,)) for a, (size, step) in axes if a not in dropped])
    reduced = _pair(graph, op, [(size, (step,)) for a, (size, step) in axes if a in dropped])
    fields = (
        listed("kept", [size for size, _ in kept]),
        listed("kept_stride", [step[0] for _, step in kept]),
        listed("reduced", [size for size, _ in reduced]),
        listed("reduced_stride", [step[0] for _, step in reduced]),
    )
    return fields, math.prod(size for size, _ in reduced)


def _step(graph: Graph, op: Op, family: str, fields: tuple[Field, ...]) -> Step:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    kernel = f"{family}_s8" if out.dtype == np.int8 else f"{family}_s16"
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/reduce/{kernel}.h",
        sources=(f"kernels/reduce/{kernel}.c",),
        fields=fields,
        arrays=(),
        reads=(image.index,),
        writes=out.index,
    )


def mean_multiplier(image: Tensor, out: Tensor, count: int) -> Multiplier:
    """The reference's multiplier with the division by `count` inside, truncated as it does.

    Source: internal/reference/reduce.h of google-ai-edge/LiteRT.
    """
    m = quantize_multiplier(float(image.q.scale) / float(out.q.scale))
    shift = min(count.bit_length() - 1, 32, 31 + m.shift)
    return Multiplier((m.mantissa << shift) // count, m.shift - shift)


def _pair(graph: Graph, op: Op, axes: list[Axis]) -> list[Axis]:
    return padded(graph, op, merged(axes), 2)


def _mean_reach(graph: Graph, op: Op, given: list[Range]) -> Range | None:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    rank = len(image.shape)
    axes = tuple({int(a) % rank for a in np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)})
    count = math.prod(image.shape[a] for a in axes)
    m = mean_multiplier(image, out, count)
    if m.shift > 0:
        # A sum that is shifted left may wrap around, and then does not rise with its inputs.
        return None
    ends = type_range(out.dtype)

    def mean(x: Ints) -> Ints:
        total = x.sum(axis=axes) - image.q.zero_point * count
        return np.asarray(np.clip(requantize(total, m) + out.q.zero_point, *ends))

    return given[0].both(mean)


_MEAN, _EXTREME = (lower_mean,), (lower_reduce_extreme,)
RECORDS = (
    Record(MEAN, int8=_MEAN, int16=_MEAN, relation=reduced, reach=_mean_reach),
    Record(REDUCE_MAX, int8=_EXTREME, int16=_EXTREME, relation=reduced),
    Record(REDUCE_MIN, int8=_EXTREME, int16=_EXTREME, relation=reduced),
)
