"""FULLY_CONNECTED for Helium: four units at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.dense import dense_channels
from emgdeploy.codegen.lower.mve.pack import CONSTANT_BYTES, QUAD, woven
from emgdeploy.codegen.lower.mve.vector_form import VectorForm
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op

# The vectors shift the product's high word: by at least one, so that there is something to round.
_LEAST_SHIFT, _GREATEST_SHIFT = -31, -1


def lower_dense_mve(graph: Graph, op: Op) -> Step | None:
    """The step, or None when a unit's scale does not leave a shift of the high word."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    matrix, channels = dense_channels(graph, op)
    units, depth = matrix.shape
    # emg_requantize_once shifts the whole product by 31 - shift.
    shift = channels.shift.astype(np.int64) + 1
    if shift.min() < _LEAST_SHIFT or shift.max() > _GREATEST_SHIFT:
        return None
    form = VectorForm(channels.bias.astype(np.int64), channels.multiplier.astype(np.int64), shift)
    name = f"stream_{op.index}"
    return Step(
        op=op,
        kernel="emg_fully_connected_mve_s8",
        header="kernels/dense/mve/fully_connected_mve_s8.h",
        sources=("kernels/dense/mve/fully_connected_mve_s8.c", "kernels/dense/mve/dense_mve_s8.c"),
        fields=(
            Field("stream", name),
            Field(
                "dense",
                (
                    Field("zero_point", channels.zero_point),
                    Field("low", channels.low),
                    Field("high", channels.high),
                    Field("depth", depth),
                    Field("units", units),
                ),
            ),
            Field("rows", image.elements // depth),
        ),
        arrays=(
            Array(
                name,
                "int32_t",
                _stream(matrix, form),
                "weights",
                other_bytes=CONSTANT_BYTES * -(-units // QUAD),
            ),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * depth,
    )


def _stream(matrix: NDArray[np.int64], form: VectorForm) -> NDArray[np.int32]:
    """The stream of dense_mve_s8: block by block 16 weights of each of four units."""
    return woven(matrix, form, lambda filled: filled.transpose(0, 2, 1, 3))
