"""DEPTHWISE_CONV_2D with a 3 x 3 window for Helium: one multiply-add of 16 bytes for each output."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.depthwise import depthwise_channels
from emgdeploy.codegen.lower.mve.pack import QUAD
from emgdeploy.codegen.lower.mve.pack import constants as pack_constants
from emgdeploy.codegen.lower.mve.vector_form import saturates, vector_form
from emgdeploy.codegen.step import Array, Field, Overlap, Step
from emgdeploy.graph.types import Graph, Op, Tensor

_GROUP = 8
_COLUMN = 4
# A window is three columns of four bytes, and it is read with a fourth.
_WINDOW_COLUMNS = 4
_LARGEST_OFFSET = 2**16 - 1


def lower_depthwise_mve(graph: Graph, op: Op) -> Step | None:
    """The step, or None for another window, depth multiplier or channel count, or another rounding."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    plane = _plane(op, image, out)
    if not _applies(op, image) or _GROUP * plane > _LARGEST_OFFSET:
        return None
    matrix, channels = depthwise_channels(graph, op)
    form = vector_form(channels, matrix)
    if form is None:
        return None
    weights, constants = f"weights_{op.index}", f"constants_{op.index}"
    depth, padding = image.shape[3], op.w.padding
    in_place = op.w.stride == (1, 1) and image.shape == out.shape
    return Step(
        op=op,
        kernel="emg_depthwise_mve_s8",
        header="kernels/depthwise/mve/depthwise_mve_s8.h",
        sources=("kernels/depthwise/mve/depthwise_mve_s8.c", "kernels/depthwise/mve/depthwise_line_mve_s8.c"),
        fields=(
            Field("weights", weights),
            Field("constants", constants),
            Field(
                "line",
                (
                    Field("zero_point", channels.zero_point),
                    Field("low", channels.low),
                    Field("high", channels.high),
                    Field("plane", plane),
                    Field("outputs", out.shape[2]),
                    Field("step", depth),
                ),
            ),
            Field("rectified", int(saturates(channels))),
            Field("in_h", image.shape[1]),
            Field("in_w", image.shape[2]),
            Field("channels", depth),
            Field("out_h", out.shape[1]),
            Field("stride_h", op.w.stride[0]),
            Field("stride_w", op.w.stride[1]),
            Field("pad_top", padding.top),
            Field("pad_left", padding.left),
            Field("in_zero_point", image.q.zero_point),
        ),
        arrays=(
            Array(weights, "int8_t", _columns(matrix), "weights"),
            Array(constants, "int32_t", pack_constants(form)),
        ),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * 9,
        scratch_bytes=_GROUP * plane,
        overlaps=(Overlap(image.index, same_place=True),) if in_place else (),
    )


def _applies(op: Op, image: Tensor) -> bool:
    w = op.w
    return (
        w.size == (3, 3)
        and w.dilation == (1, 1)
        and max(w.stride) <= 2
        and op.depth_multiplier == 1
        and image.shape[3] % QUAD == 0
    )


def _plane(op: Op, image: Tensor, out: Tensor) -> int:
    """Bytes of one channel's columns: those of the padded image, and what its last window reads."""
    read = (out.shape[2] - 1) * op.w.stride[1] + _WINDOW_COLUMNS
    return _COLUMN * max(read, op.w.padding.left + image.shape[2])


def _columns(matrix: NDArray[np.int64]) -> NDArray[np.int8]:
    """(channels, 9 taps row by row) -> for each channel 16 bytes: columns of three rows and a zero."""
    columns = np.zeros((len(matrix), 4, 4), np.int8)
    columns[:, :3, :3] = matrix.reshape(-1, 3, 3).transpose(0, 2, 1)
    return columns.reshape(-1)
