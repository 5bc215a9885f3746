"""Conv and MaxPool over volumes (rank 5): the depth is dealt out to channels, and an image is left.

Every depth is then computed from all depths, with zeros where a kernel does not reach: exact, at the cost of the zeros'
multiplications, as for groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.padding import depth_positions
from emgdeploy.convert.lowering.registry import Node
from emgdeploy.convert.lowering.slices import taken
from emgdeploy.convert.lowering.value import Value, channels_last, reshape

# So many weights would not fit on any board.
_MOST_WEIGHTS = 1 << 22


def volume_conv(node: Node, on_images: Callable[[Node], Value]) -> Value:
    """`on_images` given the image."""
    x, weights = node.value(), node.constant(1).astype(np.float32)
    if (
        x.shape[0] != 1
        or weights.ndim != 5
        or node.integer("group", 1) != 1
        or weights.shape[1] != x.shape[1]
    ):
        raise node.fail(
            f"convolves a volume of shape {x.shape} by weights of {weights.shape}; groups are not supported"
        )
    channels, depth = x.shape[1:3]
    first = depth_positions(node, depth, int(weights.shape[2]))
    if weights.size // weights.shape[2] * len(first) * depth > _MOST_WEIGHTS:
        raise node.fail(
            f"convolves a volume of depth {depth}, which is computed as an image of {channels * depth} channels",
            "let a reshape and a two-dimensional convolution take the place of a deep three-dimensional one",
        )
    operands: list[NDArray[np.float32]] = [
        _banded(weights, first, depth, node.ints("dilations", (1, 1, 1))[0])
    ]
    bias = node.optional_constant(2)
    if bias is not None:
        operands.append(np.repeat(bias.astype(np.float32), len(first)))
    image = reshape(x, (1, channels * depth, *x.shape[3:]))
    y = on_images(replace(node, operands=(image, *operands), attributes=_of_images(node)))
    return replace(reshape(y, (1, int(weights.shape[0]), len(first), *y.shape[2:])), range=y.range)


def volume_pool(node: Node, on_images: Callable[[Node], Value]) -> Value:
    """The largest over height and width, then over depths."""
    import tensorflow as tf

    x = node.value()
    channels, depth = x.shape[1:3]
    size = node.ints("kernel_shape", ())[0]
    first = depth_positions(node, depth, size)
    y = on_images(
        replace(
            node, operands=(reshape(x, (1, channels * depth, *x.shape[3:])),), attributes=_of_images(node)
        )
    )
    deep = channels_last(reshape(y, (1, channels, depth, *y.shape[2:])))
    # What lies outside is left out: the nearest depth inside is in every window that reaches beyond.
    parts = [taken(deep, 2, np.clip(first + k, 0, depth - 1)) for k in range(size)]
    largest = parts[0]
    for part in parts[1:]:
        largest = replace(largest, tensor=tf.maximum(largest.tensor, part.tensor))
    return largest


def _banded(
    weights: NDArray[np.float32], first: NDArray[np.int64], depth: int, dilation: int
) -> NDArray[np.float32]:
    """(O, C, D, H, W) as (O * depths out, C * depths in, H, W)."""
    outputs, channels, taps, *size = weights.shape
    dense = np.zeros((outputs, len(first), channels, depth, *size), np.float32)
    for place, start in enumerate(first.tolist()):
        for tap in range(taps):
            if 0 <= start + tap * dilation < depth:
                dense[:, place, :, start + tap * dilation] = weights[:, :, tap]
    return dense.reshape(outputs * len(first), channels * depth, *size)


def _of_images(node: Node) -> dict[str, Any]:
    """The attributes without those of the depth."""
    kept: dict[str, Any] = {
        name: node.ints(name, ())[1:]
        for name in ("kernel_shape", "strides", "dilations")
        if name in node.attributes
    }
    pads = node.ints("pads", (0,) * 6)
    return kept | {"pads": (*pads[1:3], *pads[4:6])}
