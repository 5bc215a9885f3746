"""FULLY_CONNECTED beyond the common case: 16-bit activations, weights with a zero point, tiny scales."""

from __future__ import annotations

import numpy as np

from emgdeploy.codegen.exact.int16_rounding import WideMultiplier, wide_multiplier
from emgdeploy.codegen.known.absorb import weighted_relation
from emgdeploy.codegen.known.biases import INT32_BIAS, biases
from emgdeploy.codegen.known.weighted import weighted
from emgdeploy.codegen.lower.channels import accumulator_bounds
from emgdeploy.codegen.lower.dense import dense_channels, lower_dense
from emgdeploy.codegen.lower.int16 import (
    bias_fields,
    largest_accumulator,
    refuse_overflow,
)
from emgdeploy.codegen.record import Record
from emgdeploy.codegen.rounding import single_rounding
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.errors import InputError
from emgdeploy.graph.numerics import activation_range, dense_scales
from emgdeploy.graph.operators.weighted import FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op

# The reference casts the rounded double to 32 bits.
_LARGEST_OUTPUT = 2**31 - 1
_WIDE_LIMIT = 2**62


def lower_dense_offset(graph: Graph, op: Op) -> Step | None:
    """int8 weights with a zero point: it times the sum of the inputs is one number a row."""
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    if not weights.q.zero_points.any():
        return None
    _, channels = dense_channels(graph, op)
    values = np.asarray(weights.data, np.int8)
    return Step(
        op=op,
        kernel="emg_fully_connected_offset_s8",
        header="kernels/dense/fully_connected_offset_s8.h",
        sources=("kernels/dense/fully_connected_offset_s8.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            channels.field(op.index),
            Field("weights_zero_point", weights.q.zero_point),
            Field("rows", image.elements // values.shape[1]),
            Field("depth", values.shape[1]),
            Field("units", values.shape[0]),
        ),
        arrays=(
            Array(f"weights_{op.index}", "int8_t", values.reshape(-1), "weights"),
            *channels.arrays(op.index),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * values.shape[1],
    )


def lower_dense_exact(graph: Graph, op: Op) -> Step | None:
    """int8 layers with a unit whose scale no 31-bit multiplier reproduces; None for all others."""
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    values = np.asarray(weights.data, np.int8)
    units, depth = values.shape
    centred = values.astype(np.int64) - weights.q.zero_point
    bounds = accumulator_bounds(graph, op, centred)
    low, high = activation_range(op.activation, out)
    ends = low - out.q.zero_point, high - out.q.zero_point
    scales = dense_scales(image, weights, out, units)
    if all(single_rounding(s, b, *ends) for s, b in zip(scales, bounds.tolist(), strict=True)):
        return None
    reach = int(bounds.max())
    multipliers = _wide_multipliers(graph, op, scales, reach, max(abs(end) for end in ends) + 1)
    folded = biases(graph, op, units) - image.q.zero_point * centred.sum(axis=1)
    return Step(
        op=op,
        kernel="emg_fully_connected_wide_s8",
        header="kernels/dense/fully_connected_wide_s8.h",
        sources=("kernels/dense/fully_connected_wide_s8.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            Field("bias", f"bias_{op.index}"),
            *_scaling_fields(op),
            Field("weights_zero_point", weights.q.zero_point),
            Field("rows", image.elements // depth),
            Field("depth", depth),
            Field("units", units),
            Field("zero_point", out.q.zero_point),
            Field("low", low),
            Field("high", high),
        ),
        arrays=(
            Array(f"weights_{op.index}", "int8_t", values.reshape(-1), "weights"),
            Array(f"bias_{op.index}", "int32_t", folded.astype(np.int32)),
            *_scaling_arrays(op, multipliers),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * depth,
    )


def lower_dense_wide(graph: Graph, op: Op) -> Step:
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    values = np.asarray(weights.data, np.int8)
    units, depth = values.shape
    bias = biases(graph, op, units)
    reach = largest_accumulator(values.astype(np.int64) - weights.q.zero_point, bias)
    refuse_overflow(graph, op, reach, 2**31 if op.quantized_bias == INT32_BIAS else _WIDE_LIMIT)
    multipliers = _wide_multipliers(graph, op, dense_scales(image, weights, out, units), reach, 2**15)
    bias_members, bias_arrays = bias_fields(op, bias)
    low, high = activation_range(op.activation, out)
    return Step(
        op=op,
        kernel="emg_fully_connected_s16",
        header="kernels/dense/fully_connected_s16.h",
        sources=("kernels/dense/fully_connected_s16.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            *bias_members,
            *_scaling_fields(op),
            Field("weights_zero_point", weights.q.zero_point),
            Field("rows", image.elements // depth),
            Field("depth", depth),
            Field("units", units),
            Field("low", low),
            Field("high", high),
        ),
        arrays=(
            Array(f"weights_{op.index}", "int8_t", values.reshape(-1), "weights"),
            *bias_arrays,
            *_scaling_arrays(op, multipliers),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * depth,
    )


def _scaling_fields(op: Op) -> tuple[Field, Field]:
    return Field("multiplier", f"multiplier_{op.index}"), Field("shift", f"shift_{op.index}")


def _scaling_arrays(op: Op, multipliers: list[WideMultiplier]) -> tuple[Array, Array]:
    limbs = np.array([m.limbs for m in multipliers], np.int32).reshape(-1)
    shifts = np.array([m.shift for m in multipliers], np.int8)
    return Array(f"multiplier_{op.index}", "int32_t", limbs), Array(f"shift_{op.index}", "int8_t", shifts)


def _wide_multipliers(
    graph: Graph, op: Op, scales: list[float], reach: int, top: int
) -> list[WideMultiplier]:
    """One per unit; InputError where the reference's result is undefined or out of reach."""
    if reach * max(scales) >= _LARGEST_OUTPUT:
        raise InputError(
            f"{graph.where(op)} can reach {reach * max(scales):.3g} before it is clamped, for which the "
            "reference defines no result",
            "quantize the model again with calibration windows that cover its real range",
        )
    # One scale for all units is the rule without per-channel weights.
    known = {s: wide_multiplier(s, reach, top) for s in sorted(set(scales))}
    lost = next((s for s in scales if known[s] is None), None)
    if lost is not None:
        raise InputError(
            f"{graph.where(op)} has the scale {lost!r}, which no integer multiplier reproduces",
            "quantize the model again with other calibration windows",
        )
    return [m for m in (known[s] for s in scales) if m is not None]


RECORDS = (
    Record(
        FULLY_CONNECTED,
        int8=(lower_dense_exact, lower_dense_offset, lower_dense),
        int16=(lower_dense_wide,),
        relation=weighted_relation,
        reach=weighted,
    ),
)
