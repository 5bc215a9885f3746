"""SOFTMAX over the last axis, in the reference's fixed-point arithmetic."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.fixedpoint import exp_of_negative, requantize
from emgdeploy.codegen.exact.interpolation import points
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.numerics import Multiplier, quantize_multiplier
from emgdeploy.graph.operators.reduction import (
    SOFTMAX,
)
from emgdeploy.graph.types import Graph, Op, Tensor

# int8: differences become Q5.26, of which 31 units are looked at.
_FRACTION_BITS, _REACH = 26, 31
# int16: the exponential's table spans [-10, 0] in 65,535 steps.
_EXP_SPAN, _STEPS = 10.0, 65535


def lower_softmax(graph: Graph, op: Op) -> Step:
    image = graph.tensors[op.inputs[0]]
    return _narrow(graph, op, image) if image.dtype == np.int8 else _wide(graph, op, image)


def exponentials(image: Tensor, beta: float) -> NDArray[np.int64]:
    """exp of 0, -1, -2, ... input steps in Q0.31, as far as the reference looks at them.

    Source: PreprocessSoftmaxScaling and CalculateInputRadius in internal/quantization_util.cc of
    google-ai-edge/LiteRT.
    """
    real = min(float(np.float32(beta)) * float(image.q.scale) * 2.0**_FRACTION_BITS, 2.0**31 - 1)
    m = quantize_multiplier(real)
    radius = math.floor(_REACH * 2.0**_FRACTION_BITS / 2.0**m.shift)
    steps = np.arange(min(radius, 255) + 1, dtype=np.int64)
    return exp_of_negative(requantize(-steps, Multiplier(m.mantissa, m.shift)))


def _narrow(graph: Graph, op: Op, image: Tensor) -> Step:
    exps = exponentials(image, op.beta)
    fields = (Field("exps", f"exps_{op.index}"), Field("entries", exps.size))
    arrays = (Array(f"exps_{op.index}", "int32_t", exps.astype(np.int32)),)
    return _step(graph, op, "softmax_s8", fields, arrays)


def _wide(graph: Graph, op: Op, image: Tensor) -> Step:
    unit = _EXP_SPAN / _STEPS
    exp = points(unit, 32767, 2.0 / _STEPS, math.exp)
    reciprocal = points(1.0 / _STEPS, -32768, 2.0 / _STEPS, lambda x: 1.0 / (1.0 + x))
    m = quantize_multiplier(float(image.q.scale * np.float32(op.beta)) / unit)
    fields = (
        Field("exp", f"exp_{op.index}"),
        Field("reciprocal", f"reciprocal_{op.index}"),
        Field("multiplier", m.mantissa),
        Field("shift", m.shift),
    )
    arrays = (
        Array(f"exp_{op.index}", "int16_t", exp),
        Array(f"reciprocal_{op.index}", "int16_t", reciprocal),
    )
    return _step(graph, op, "softmax_s16", fields, arrays)


def _step(graph: Graph, op: Op, kernel: str, fields: tuple[Field, ...], arrays: tuple[Array, ...]) -> Step:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    depth = image.shape[-1]
    return Step(
        op=op,
        kernel=f"emg_{kernel}",
        header=f"kernels/softmax/{kernel}.h",
        sources=(f"kernels/softmax/{kernel}.c",),
        fields=(*fields, Field("rows", image.elements // depth), Field("depth", depth)),
        arrays=arrays,
        reads=(image.index,),
        writes=out.index,
        overlaps=(Overlap(image.index, at_most=0),),
    )


RECORDS = (Record(SOFTMAX, int8=(lower_softmax,), int16=(lower_softmax,)),)
