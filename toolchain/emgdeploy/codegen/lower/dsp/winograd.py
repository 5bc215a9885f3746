"""CONV_2D with a 3 x 3 window for the DSP extension by Winograd's F(2 x 2, 3 x 3), exact in integers.

Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2016), section 4.1: Y = A^T [G g G^T . B^T d B] A.
With 2 G in place of G everything is an integer, and outputs are four times the direct sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.lower.channels import Channels
from emgdeploy.codegen.lower.conv import conv_channels
from emgdeploy.codegen.lower.dsp.pack import QUAD, as_words
from emgdeploy.codegen.lower.short_requantize import short_form_of, sum_ends
from emgdeploy.codegen.overlap import choose_walk
from emgdeploy.codegen.step import Array, Field, Step
from emgdeploy.graph.types import Graph, Op, Tensor

_TWICE_G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])
_PLACES, _TILES = 16, 2
_DEPTH_STEP = 16
# Sums over so many channels, and what nine of them add up to, stay within 32 bits.
_LARGEST_DEPTH = 256
# Four times a sum is kept in 32 bits.
_LARGEST_SUM = 2**29


def lower_conv_winograd(graph: Graph, op: Op) -> Step | None:
    """The step, or None for another shape, another rounding, or sums that are too large."""
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    if not _applies(op, image, out):
        return None
    matrix, channels = conv_channels(graph, op)
    least, greatest = sum_ends(channels, matrix)
    form = short_form_of(channels, matrix)
    if (
        form is None
        or max(-int(least.min()), int(greatest.max()), int(np.abs(form.bias).max())) >= _LARGEST_SUM
    ):
        return None
    depth, columns = image.shape[3], out.shape[2]
    walk = choose_walk(op, image, out, np.arange(0, out.shape[1] * columns, 2 * columns))
    name, constants = f"weights_{op.index}", f"constants_{op.index}"
    offset = (2 * channels.zero_point + 1) << form.shift_less_one
    endings = as_words(np.stack([4 * form.bias, form.multiplier, offset, form.shift_less_one], 1))
    words = _words(matrix.reshape(-1, 3, 3, depth))
    return Step(
        op=op,
        kernel="emg_conv_winograd_s8",
        header="kernels/conv/dsp/conv_winograd_s8.h",
        sources=(
            *(
                f"kernels/conv/dsp/{n}.c"
                for n in ("conv_winograd_s8", "winograd_gemm_s8", "winograd_outputs_s8")
            ),
        ),
        fields=(
            Field("weights", name),
            Field("constants", constants),
            Field("outputs", _outputs(channels, columns, len(matrix))),
            Field("in_h", image.shape[1]),
            Field("in_w", image.shape[2]),
            Field("in_channels", depth),
            Field("out_h", out.shape[1]),
            Field("out_w", columns),
            Field("out_channels", len(matrix)),
            Field("pad_top", op.w.padding.top),
            Field("pad_left", op.w.padding.left),
            Field("in_zero_point", image.q.zero_point),
            Field("backward", int(walk.backward)),
        ),
        arrays=(Array(name, "int32_t", words, "weights"), Array(constants, "int32_t", endings)),
        reads=(image.index,),
        writes=out.index,
        macs=out.elements * matrix.shape[1],
        scratch_bytes=4 * (columns + 2) * depth + 4 * _PLACES * _TILES * (depth // 2 + QUAD),
        overlaps=(walk.overlap,),
    )


def _applies(op: Op, image: Tensor, out: Tensor) -> bool:
    w = op.w
    return (
        w.size == (3, 3)
        and w.stride == w.dilation == (1, 1)
        and image.shape[3] % _DEPTH_STEP == 0
        and image.shape[3] <= _LARGEST_DEPTH
        and out.shape[3] % QUAD == 0
        and out.shape[1] % 2 == 0
        and out.shape[2] % (2 * _TILES) == 0
    )


def _outputs(channels: Channels, columns: int, depth: int) -> tuple[Field, ...]:
    """The members of emg_winograd_outputs_t."""
    return (
        Field("column", depth),
        Field("row", columns * depth),
        Field("low", channels.low),
        Field("high", channels.high),
        Field("clamped", int((channels.low, channels.high) != (-128, 127))),
    )


def _words(weights: NDArray[np.int64]) -> NDArray[np.int32]:
    """(out, 3, 3, in) -> words [four outputs][place][pair of inputs][output].

    A word of four inputs gives the pairs (0, 2) and (1, 3) where it is widened.
    """
    transformed = np.einsum("ia,oabc,jb->oijc", _TWICE_G, weights, _TWICE_G)
    outputs, depth = len(weights), weights.shape[3]
    fours = transformed.reshape(outputs // QUAD, QUAD, _PLACES, depth // 4, 2, 2)
    first, second = fours[..., 0, :], fours[..., 1, :]  # inputs (0, 1) and (2, 3)
    words = (first & 0xFFFF) | (second & 0xFFFF) << 16  # (quad, output, place, four, pair)
    return as_words(np.ascontiguousarray(words.transpose(0, 2, 3, 4, 1)))
