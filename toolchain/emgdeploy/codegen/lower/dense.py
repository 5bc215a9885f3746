"""FULLY_CONNECTED, int8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels, accumulator_bounds, fold_channels
from emgdeploy.codegen.rounding import single_rounding
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.errors import InputError
from emgdeploy.graph.numerics import Multiplier, activation_range, dense_scales
from emgdeploy.graph.types import Graph, Op


def dense_channels(graph: Graph, op: Op) -> tuple[NDArray[np.int64], Channels]:
    """Weights (units, depth) less their zero point, and the units' constants for emg_requantize_once."""
    weights = graph.tensors[op.inputs[1]]
    matrix = np.asarray(weights.data, np.int64).reshape(weights.shape) - weights.q.zero_point
    return matrix, fold_channels(graph, op, matrix, _multipliers(graph, op, matrix))


def lower_dense(graph: Graph, op: Op) -> Step:
    """One dot product per unit, for each row of the input."""
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    values = np.asarray(weights.data, np.int8)
    units, depth = values.shape
    _, channels = dense_channels(graph, op)
    return Step(
        op=op,
        kernel="emg_fully_connected_s8",
        header="kernels/dense/fully_connected_s8.h",
        sources=("kernels/dense/fully_connected_s8.c",),
        fields=(
            Field("weights", f"weights_{op.index}"),
            channels.field(op.index),
            Field("rows", image.elements // depth),
            Field("depth", depth),
            Field("units", units),
        ),
        arrays=(
            Array(f"weights_{op.index}", "int8_t", values.reshape(-1), "weights"),
            *channels.arrays(op.index),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * depth,
    )


def _multipliers(graph: Graph, op: Op, matrix: NDArray[np.int64]) -> list[Multiplier]:
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    low, high = (end - out.q.zero_point for end in activation_range(op.activation, out))
    scales = dense_scales(image, weights, out, len(matrix))
    bounds = accumulator_bounds(graph, op, matrix).tolist()
    reach = max(s * b for s, b in zip(scales, bounds, strict=True))
    if reach >= 2**31 - 256:
        raise InputError(
            f"{graph.where(op)} can reach {reach:.3g} before it is "
            "clamped, for which the reference defines no result",
            "quantize the model again with calibration windows that cover its real range",
        )
    found = [single_rounding(s, b, low, high) for s, b in zip(scales, bounds, strict=True)]
    if None in found:
        raise InputError(
            f"{graph.where(op)} has the scale {scales[found.index(None)]!r} "
            f"in unit {found.index(None)}, which no 31-bit multiplier reproduces",
            "quantize the model again with other calibration windows",
        )
    return [m for m in found if m is not None]
