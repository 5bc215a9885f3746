"""int16 operators whose outputs each depend on one input."""

from __future__ import annotations

import math
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.unary import identity_multiplier, leaky_multiplier
from emgdeploy.codegen.lower.lookup import lower_lookup
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.numerics import Multiplier, activation_range, quantize_multiplier, type_range
from emgdeploy.graph.operators.activation import LEAKY_RELU, LOGISTIC, RELU, RELU6, TANH
from emgdeploy.graph.operators.conversion import QUANTIZE
from emgdeploy.graph.types import Activation, Graph, Op, Tensor

# The logistic function's table: 24 points to the unit, 512 steps between neighbours.
_TABLE_POINTS = 256
_PER_UNIT = 24
_INPUT_UNIT = 4096.0 * 3.0


def lower_rescale(graph: Graph, op: Op) -> Step | None:
    """One multiplier from 0 up and one below; None where the input is not int16."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if image.dtype != np.int16:
        return None
    above, below, sign = _slopes(op, image, out)
    low, high = _range(op, out)
    fields = (
        Field("multiplier", above.mantissa),
        Field("shift", above.shift),
        Field("negative_multiplier", below.mantissa),
        Field("negative_shift", below.shift),
        Field("negative_sign", sign),
        Field("low", low),
        Field("high", high),
    )
    return elementwise(graph, op, "elementwise/rescale_s16", fields)


def _slopes(op: Op, image: Tensor, out: Tensor) -> tuple[Multiplier, Multiplier, int]:
    if op.kind is QUANTIZE:
        m = quantize_multiplier(float(image.q.scale) / float(out.q.scale))
        return m, m, 1
    m = identity_multiplier(image, out)
    return (m, *leaky_multiplier(op, image, out)) if op.kind is LEAKY_RELU else (m, m, 1)


def _range(op: Op, out: Tensor) -> tuple[int, int]:
    fused = {RELU: Activation.RELU, RELU6: Activation.RELU6}
    return activation_range(fused[op.kind], out) if op.kind in fused else type_range(out.dtype)


def lower_narrow(graph: Graph, op: Op) -> Step | None:
    """QUANTIZE from int16 to int8."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if image.dtype != np.int16:
        return None
    m = quantize_multiplier(float(image.q.scale) / float(out.q.scale))
    fields = (
        Field("multiplier", m.mantissa),
        Field("shift", m.shift),
        Field("zero_point", out.q.zero_point),
    )
    return elementwise(graph, op, "convert/quantize_s16_s8", fields)


def lower_logistic(graph: Graph, op: Op) -> Step:
    """Straight lines between the points of one table, which is the same for every model."""
    multiplier, shift = logistic_scaling(graph.tensors[op.inputs[0]])
    name = f"table_{op.index}"
    fields = (Field("table", name), Field("multiplier", multiplier), Field("shift", shift))
    return elementwise(
        graph, op, "elementwise/logistic_s16", fields, (Array(name, "uint16_t", logistic_table()),)
    )


def lower_tanh(graph: Graph, op: Op) -> Step:
    """2 * logistic(2 * x) - 1, from the logistic function's table."""
    multiplier, shift = tanh_scaling(graph.tensors[op.inputs[0]])
    name = f"table_{op.index}"
    fields = (Field("table", name), Field("multiplier", multiplier), Field("shift", shift))
    return elementwise(
        graph, op, "elementwise/tanh_s16", fields, (Array(name, "uint16_t", logistic_table()),)
    )


def logistic_table() -> NDArray[np.uint16]:
    """1 / (1 + exp(-i / 24)) in Q0.16 for i from 0 to 255, as the reference's table has it.

    Each point is nudged by half of the error that a straight line to the next one makes halfway;
    the last is the largest number. Source: internal/common.h of google-ai-edge/LiteRT.
    """
    points = [_logistic(i) + (_logistic(i + 0.5) - (_logistic(i) + _logistic(i + 1)) / 2) / 2
              for i in range(_TABLE_POINTS - 1)]  # fmt: skip
    return np.array([*(math.floor(p + 0.5) for p in points), 65535], np.uint16)


def _logistic(point: float) -> float:
    return 65536.0 / (1.0 + math.exp(-point / _PER_UNIT))


def logistic_scaling(image: Tensor) -> tuple[int, int]:
    """Multiplier and right shift from input steps to 1/512 of a table step, as prepared by the reference.

    Source: SigmoidPrepare in kernels/activations.cc of google-ai-edge/LiteRT.
    """
    if _is_power_of_two(image, -12):  # 1/4096: a table step is 512 / 3 input steps
        return 3, 0
    return _fitting(image)


def tanh_scaling(image: Tensor) -> tuple[int, int]:
    """The same in TanhPrepare, which knows one more power of two."""
    for exponent in (-12, -11):
        if _is_power_of_two(image, exponent):
            return 3 << (exponent + 12), 0
    return _fitting(image)


def _is_power_of_two(image: Tensor, exponent: int) -> bool:
    log2 = np.log(image.q.scale) * (np.float32(1) / np.log(np.float32(2)))
    return abs(float(log2) - exponent) < 1e-3


def _fitting(image: Tensor) -> tuple[int, int]:
    multiplier, shift = float(image.q.scale) * _INPUT_UNIT, 0
    while multiplier <= 32767.0 / 2.0 and shift <= 30:
        multiplier, shift = multiplier * 2.0, shift + 1
    return int(multiplier), shift


def elementwise(
    graph: Graph, op: Op, file: str, fields: tuple[Field, ...], arrays: tuple[Array, ...] = ()
) -> Step:
    """A kernel from one tensor to one of as many elements; it may work in place.

    file: below runtime/kernels and without suffix, named after its kernel.
    """
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    grows = out.dtype.itemsize > image.dtype.itemsize
    return Step(
        op=op,
        kernel=f"emg_{PurePosixPath(file).name}",
        header=f"kernels/{file}.h",
        sources=(f"kernels/{file}.c",),
        fields=(*fields, Field("length", out.elements)),
        arrays=arrays,
        reads=(image.index,),
        writes=out.index,
        overlaps=(Overlap(image.index, at_least=0) if grows else Overlap(image.index, at_most=0),),
    )


RECORDS = (
    Record(LEAKY_RELU, int8=(lower_lookup,), int16=(lower_rescale,)),
    Record(LOGISTIC, int8=(lower_lookup,), int16=(lower_logistic,)),
    Record(RELU, int8=(lower_lookup,), int16=(lower_rescale,)),
    Record(RELU6, int8=(lower_lookup,), int16=(lower_rescale,)),
    Record(TANH, int8=(lower_lookup,), int16=(lower_tanh,)),
)
