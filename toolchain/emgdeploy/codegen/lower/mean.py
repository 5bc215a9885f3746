"""MEAN over any axes."""

from __future__ import annotations

import math

import numpy as np

from emgdeploy.codegen.lower.axes import Axis, listed, merged, padded, strides
from emgdeploy.codegen.step import Field, Step
from emgdeploy.graph.numerics import Multiplier, quantize_multiplier
from emgdeploy.graph.types import Graph, Op, Tensor


def lower_mean(graph: Graph, op: Op) -> Step:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    dropped = {int(a) % len(image.shape) for a in np.asarray(graph.tensors[op.inputs[1]].data).reshape(-1)}
    axes = list(enumerate(zip(image.shape, strides(image.shape), strict=True)))
    kept = _pair(graph, op, [(size, (step,)) for a, (size, step) in axes if a not in dropped])
    reduced = _pair(graph, op, [(size, (step,)) for a, (size, step) in axes if a in dropped])
    count = math.prod(size for size, _ in reduced)
    m = mean_multiplier(image, out, count)
    kernel = "mean_s8" if out.dtype == np.int8 else "mean_s16"
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/{kernel}.h",
        sources=(f"kernels/{kernel}.c",),
        fields=(
            listed("kept", [size for size, _ in kept]),
            listed("kept_stride", [step[0] for _, step in kept]),
            listed("reduced", [size for size, _ in reduced]),
            listed("reduced_stride", [step[0] for _, step in reduced]),
            Field("offset", image.q.zero_point * count),
            Field("multiplier", m.mantissa),
            Field("shift", m.shift),
            Field("zero_point", out.q.zero_point),
        ),
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
