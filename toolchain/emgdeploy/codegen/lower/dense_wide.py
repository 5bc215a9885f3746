"""FULLY_CONNECTED with 16-bit activations, and with int8 weights that have a zero point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.exact.wide_rounding import WideMultiplier, wide_multiplier
from emgdeploy.codegen.lower.channels import biases
from emgdeploy.codegen.lower.dense import dense_channels
from emgdeploy.codegen.lower.wide import INT32_BIAS, bias_fields, largest_accumulator, refuse_overflow
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.errors import InputError
from emgdeploy.graph.numerics import activation_range, dense_scales
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
        header="kernels/fully_connected_offset_s8.h",
        sources=("kernels/fully_connected_offset_s8.c",),
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


def lower_dense_wide(graph: Graph, op: Op) -> Step:
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    values = np.asarray(weights.data, np.int8)
    units, depth = values.shape
    bias = biases(graph, op, units)
    multipliers = _multipliers(graph, op, values.astype(np.int64) - weights.q.zero_point, bias)
    bias_members, bias_arrays = bias_fields(op, bias)
    low, high = activation_range(op.activation, out)
    limbs = np.array([m.limbs for m in multipliers], np.int32).reshape(-1)
    return Step(
        op=op,
        kernel="emg_fully_connected_s16",
        header="kernels/fully_connected_s16.h",
        sources=("kernels/fully_connected_s16.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            *bias_members,
            Field("multiplier", f"multiplier_{op.index}"),
            Field("shift", f"shift_{op.index}"),
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
            Array(f"multiplier_{op.index}", "int32_t", limbs),
            Array(f"shift_{op.index}", "int8_t", np.array([m.shift for m in multipliers], np.int8)),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * depth,
    )


def _multipliers(
    graph: Graph, op: Op, centred: NDArray[np.int64], bias: NDArray[np.int64]
) -> list[WideMultiplier]:
    """One per unit; InputError where the reference's result is undefined or out of reach."""
    reach = largest_accumulator(centred, bias)
    refuse_overflow(graph, op, reach, 2**31 if op.quantized_bias == INT32_BIAS else _WIDE_LIMIT)
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    scales = dense_scales(image, weights, out, len(centred))
    if reach * max(scales) >= _LARGEST_OUTPUT:
        raise InputError(
            f"{graph.where(op)} "
            f"can reach {reach * max(scales):.3g} before it is clamped, for which the reference defines no result",
            "quantize the model again with calibration windows that cover its real range",
        )
    # One scale for all units is the rule without per-channel weights.
    known = {s: wide_multiplier(s, reach) for s in sorted(set(scales))}
    lost = next((s for s in scales if known[s] is None), None)
    if lost is not None:
        raise InputError(
            f"{graph.where(op)} has the scale {lost!r}, which no integer multiplier reproduces",
            "quantize the model again with other calibration windows",
        )
    return [m for m in (known[s] for s in scales) if m is not None]
