"""A batch in the middle of a network, as the rows of one image.

A network that runs one layer over several parts of its window (frames, electrodes) makes a batch of them: a
Reshape to (T, C, ...), the layer, a Reshape back. Devices compute one image at a time, so the T parts are put below
each other. A sequence becomes a row. Parts of an image stand so far apart that no window reaches from one into the
next where its output is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from emgdeploy.convert.lowering.padding import Window, window_of
from emgdeploy.convert.lowering.registry import Node, Operand
from emgdeploy.convert.lowering.slices import along
from emgdeploy.convert.lowering.value import Value, canonical, channels_last, reshape, tf_axis, transpose
from emgdeploy.nets.ranges import Range


def is_batch(x: Value) -> bool:
    """Whether a layer is to run on more than one image, sequence or vector."""
    return x.shape[0] > 1


def as_rows(x: Value) -> Value:
    """(T, C, H, W) -> (1, C, T * H, W), (T, C, L) -> (1, C, T, L), (T, C) -> (1, C, T)."""
    count, channels, *rest = x.shape
    parts = transpose(reshape(x, (1, *x.shape)), (0, 2, 1, *range(3, x.rank + 1)))
    return reshape(parts, (1, channels, count * rest[0], rest[1])) if len(rest) == 2 else parts


def from_rows(y: Value, count: int, rank: int) -> Value:
    """What `as_rows` makes of a value of this rank, taken back."""
    channels = y.shape[1]
    if rank == 4:
        y = reshape(y, (1, channels, count, y.shape[2] // count, y.shape[3]))
    parts = transpose(y, (0, 2, 1, *range(3, rank + 1)))
    return reshape(parts, (count, channels, *parts.shape[3:]))


def stacked(
    node: Node,
    size: tuple[int, ...],
    lower: Callable[[Node], Value],
    zeros_count: bool,
    held: Range | None = None,
) -> Value:
    """A convolution or pool of a batch: `lower` given one image.

    size: the kernel's. zeros_count: padding may be zeros. held: the range of what `lower` makes, where rows of it
    are dropped before the activation that would fuse into it.
    """
    x = node.value()
    if x.rank == 3:
        return from_rows(lower(_of_rows(node, size)), x.shape[0], 3)
    if x.rank != 4:
        raise node.fail(f"runs on a batch of rank {x.rank}; 3 and 4 are supported")
    x = channels_last(x)
    window = window_of(node, x, size)
    if window.pads and not zeros_count:
        raise node.fail("pads the images of a batch", "pad them before it, or not at all")
    count, step = x.shape[0], window.stride[0]
    apart, tail = _distances(x.shape[2], window)
    image = _padded(
        as_rows(_padded(x, (window.before[0], apart - x.shape[2] - window.before[0]), window)), (0, tail)
    )
    plain = {
        "pads": (0, 0, 0, 0),
        "strides": window.stride,
        "dilations": window.dilation,
        "kernel_shape": size,
    }
    kept = {name: value for name, value in node.attributes.items() if name in ("group", "count_include_pad")}
    y = lower(replace(node, operands=(image, *node.operands[1:]), attributes=kept | plain))
    if apart // step == window.output[0]:
        return from_rows(y, count, 4)
    y = y.held(held)
    return replace(along(channels_last(from_rows(y, count, 4)), 2, 0, window.output[0]), range=y.range)


def _distances(rows: int, window: Window) -> tuple[int, int]:
    """Rows from one image to the next, a multiple of the stride; and rows behind the last."""
    step = window.stride[0]
    reach = (window.size[0] - 1) * window.dilation[0] + 1
    needed = max(rows + window.before[0], (window.output[0] - 1) * step + reach)
    return -(-needed // step) * step, max(0, reach - step)


def _padded(x: Value, rows: tuple[int, int], window: Window | None = None) -> Value:
    import tensorflow as tf

    columns = (0, 0) if window is None else (window.before[1], window.after[1])
    if not any((*rows, *columns)):
        return x
    x = channels_last(x)
    table = [(0, 0)] * 4
    table[tf_axis(4, 2)], table[tf_axis(4, 3)] = rows, columns
    shape = (*x.shape[:2], x.shape[2] + sum(rows), x.shape[3] + sum(columns))
    return canonical(tf.pad(x.tensor, table), shape, x.nonnegative)


def _of_rows(node: Node, size: tuple[int, ...]) -> Node:
    """The operator on sequences as one on the rows of an image."""
    operands: list[Operand] = [as_rows(node.value()), *node.operands[1:]]
    if len(operands) > 1 and isinstance(operands[1], np.ndarray):
        operands[1] = operands[1][:, :, np.newaxis]
    before, after = node.ints("pads", (0, 0))
    attributes = dict(node.attributes) | {
        "kernel_shape": (1, *size),
        "strides": (1, *node.ints("strides", (1,))),
        "dilations": (1, *node.ints("dilations", (1,))),
        "pads": (0, before, 0, after),
    }
    return replace(node, operands=tuple(operands), attributes=attributes)
