"""MAX_POOL_2D and AVERAGE_POOL_2D."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.known.interval import Ints, Range
from emgdeploy.codegen.known.relation import each
from emgdeploy.codegen.known.windows import patches
from emgdeploy.codegen.overlap import uncopied_limit
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Field, Overlap, Step
from emgdeploy.graph.numerics import activation_range, type_range
from emgdeploy.graph.operators.reduction import (
    AVERAGE_POOL_2D,
    MAX_POOL_2D,
)
from emgdeploy.graph.types import Graph, Op


def lower_pool(graph: Graph, op: Op) -> Step:
    """Channel by channel; in place it trails its input by the rows its window still needs."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    low, high = activation_range(op.activation, out)
    kind = "max" if op.kind is MAX_POOL_2D else "average"
    kernel = f"{kind}_pool_{'s8' if out.dtype == np.int8 else 's16'}"
    depth = image.shape[3] * image.dtype.itemsize
    limit = uncopied_limit(image.size2d, out.size2d, op.w, depth)
    w = op.w
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/pool/{kernel}.h",
        sources=(f"kernels/pool/{kernel}.c",),
        fields=(
            Field("in_h", image.shape[1]),
            Field("in_w", image.shape[2]),
            Field("channels", image.shape[3]),
            Field("out_h", out.shape[1]),
            Field("out_w", out.shape[2]),
            Field("kernel_h", w.size[0]),
            Field("kernel_w", w.size[1]),
            Field("stride_h", w.stride[0]),
            Field("stride_w", w.stride[1]),
            Field("pad_top", w.padding.top),
            Field("pad_left", w.padding.left),
            Field("low", low),
            Field("high", high),
        ),
        arrays=(),
        reads=(image.index,),
        writes=out.index,
        overlaps=(Overlap(image.index, at_most=limit),),
    )


def _max_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    nothing = type_range(image.dtype)[0]
    ends = activation_range(op.activation, out)
    return given[0].both(lambda x: np.clip(patches(x, op.w, nothing).max(axis=1), *ends))


def _average_reach(graph: Graph, op: Op, given: list[Range]) -> Range:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    count = patches(np.ones((*image.shape[:3], 1), np.int64), op.w).sum(axis=1)
    ends = activation_range(op.activation, out)

    def mean(x: Ints) -> Ints:
        total = patches(x, op.w).sum(axis=1)
        # To the nearest, ties away from zero.
        return np.asarray(np.clip(np.sign(total) * ((np.abs(total) + count // 2) // count), *ends))

    return given[0].both(mean)


_POOL = (lower_pool,)
RECORDS = (
    Record(AVERAGE_POOL_2D, int8=_POOL, int16=_POOL, relation=each, reach=_average_reach),
    Record(MAX_POOL_2D, int8=_POOL, int16=_POOL, relation=each, reach=_max_reach),
)
