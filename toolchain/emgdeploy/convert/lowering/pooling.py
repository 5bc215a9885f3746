"""MaxPool, AveragePool and their global forms, ReduceMean, ReduceMax and ReduceMin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from emgdeploy.convert.lowering.combine import padded_by
from emgdeploy.convert.lowering.normalization import mean_in_place
from emgdeploy.convert.lowering.padding import Window, padded, window_of
from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.stack import is_batch, stacked
from emgdeploy.convert.lowering.value import Value, canonical, channels_last, reshape, tf_axis
from emgdeploy.convert.lowering.volume import volume_pool
from emgdeploy.nets.ranges import covering


@lowers("MaxPool")
def max_pool(node: Node) -> Value:
    """Padding never wins a maximum: where values may be negative, the image's own edge stands there, which every
    window that reaches beyond it holds anyway."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise node.fail("returns the places of the maxima, which is not supported")
    if node.value().rank == 5:
        return volume_pool(node, max_pool)
    if is_batch(node.value()):
        return stacked(node, node.ints("kernel_shape", ()), max_pool, node.value().nonnegative)
    x, window = _pooled_input(node)
    if window.pads and not window.same and not x.nonnegative:
        sides = tuple(zip(window.before, window.after, strict=True))[: x.rank - 2]
        x, window = (
            padded_by(x, ((0, 0), (0, 0), *sides), "edge"),
            replace(window, before=(0, 0), after=(0, 0)),
        )
    tensor, padding = padded(x, window)
    y = _max(tensor, window.size, window.stride, padding)
    return canonical(y, (*x.shape[:2], *window.output), x.nonnegative)


def _max(tensor: Any, size: tuple[int, int], stride: tuple[int, int], padding: str) -> Any:
    import tensorflow as tf

    return tf.nn.max_pool2d(tensor, size, stride, padding)


@lowers("AveragePool")
def average_pool(node: Node) -> Value:
    """ONNX leaves padding out of the average (as SAME does) unless count_include_pad says otherwise, and always what
    ceil_mode adds behind it. Any other window is averaged with zeros, and corrected by how many of its places count."""
    import tensorflow as tf

    counts_padding = bool(node.integer("count_include_pad", 0))
    if is_batch(node.value()):
        return stacked(node, node.ints("kernel_shape", ()), average_pool, counts_padding)
    x, window = _pooled_input(node)
    same = window.pads and window.same and not counts_padding
    tensor, padding = (x.tensor, "SAME") if same else padded(x, replace(window, same=False))
    y = canonical(
        tf.nn.avg_pool2d(tensor, window.size, window.stride, padding),
        (*x.shape[:2], *window.output),
        x.nonnegative,
    )
    if same or not (window.beyond or (window.pads and not counts_padding)):
        return y
    return _corrected(node, y, x, window, counts_padding)


def _corrected(node: Node, y: Value, x: Value, window: Window, counts_padding: bool) -> Value:
    """The mean over all places of a window as the mean over those that count, (H, W) factors of 1 or more."""
    import tensorflow as tf

    n = len(window.output)
    declared = node.ints("pads", (0,) * (2 * n))
    factors = []
    for axis in range(n):
        size, step, before = window.size[axis], window.stride[axis], window.before[axis]
        first = np.arange(window.output[axis]) * step - before
        least, most = (-before, declared[n + axis]) if counts_padding else (0, 0)
        places = np.minimum(first + size, x.shape[2 + axis] + most) - np.maximum(first, least)
        factors.append(size / np.maximum(places, 1))
    factor = np.multiply.outer(factors[0], factors[1] if n == 2 else np.ones(1))
    if bool((factor == 1).all()):
        return y
    held = node.value().range
    scaled = y.held(held).tensor * tf.constant(factor[np.newaxis, :, :, np.newaxis].astype(np.float32))
    return canonical(scaled, y.shape, y.nonnegative).held(held)


def _pooled_input(node: Node) -> tuple[Value, Window]:
    x = channels_last(node.value())
    if x.rank not in (3, 4):
        raise node.fail(f"pools a tensor of rank {x.rank}; 3 and 4 are supported")
    window = window_of(node, x, node.ints("kernel_shape", ()))
    if window.dilation != (1, 1):
        raise node.fail("has a dilation, which TFLite's pools do not have")
    return x, window


@lowers("GlobalMaxPool")
def global_max_pool(node: Node) -> Value:
    """One window over the whole image."""
    x = channels_last(node.value())
    if x.rank not in (3, 4):
        raise node.fail(f"pools a tensor of rank {x.rank}; 3 and 4 are supported")
    size = (int(x.tensor.shape[1]), int(x.tensor.shape[2]))
    return canonical(
        _max(x.tensor, size, size, "VALID"), _with_ones(x, tuple(range(2, x.rank))), x.nonnegative
    )


@lowers("GlobalAveragePool")
def global_average_pool(node: Node) -> Value:
    """The mean over all spatial axes."""
    x = node.value()
    if x.rank == 5:
        pooled = _mean(channels_last(reshape(x, (*x.shape[:2], x.shape[2] * x.shape[3], x.shape[4]))), (2, 3))
        return reshape(pooled, (*x.shape[:2], 1, 1, 1))
    x = channels_last(x)
    return _mean(x, tuple(range(2, x.rank)))


@lowers("ReduceMean")
def reduce_mean(node: Node) -> Value:
    return _reduced(node, mean_in_place if node.in_rows else _mean, in_place=node.in_rows)


@lowers("ReduceSum")
def reduce_sum(node: Node) -> Value:
    """The mean times how many there are: int8 steps of the mean are those of the sum, divided by that."""
    import tensorflow as tf

    def summed(x: Value, axes: tuple[int, ...]) -> Value:
        count = prod(x.shape[axis] for axis in axes)
        if count == 1:
            return x
        wanted = node.range or node.enough  # that of an activation, which cuts off the rest anyway
        held = None if wanted is None else covering(wanted.low / count, wanted.high / count)
        y = _mean(x, axes).held(held)
        return y.with_tensor(y.tensor * tf.constant(np.float32(count)), nonnegative=x.nonnegative)

    return _reduced(node, summed)


@lowers("ReduceMax")
def reduce_max(node: Node) -> Value:
    return _reduced(node, lambda x, axes: _extreme(x, axes, largest=True))


@lowers("ReduceMin")
def reduce_min(node: Node) -> Value:
    return _reduced(node, lambda x, axes: _extreme(x, axes, largest=False))


def _reduced(node: Node, reduce: Callable[[Value, tuple[int, ...]], Value], in_place: bool = False) -> Value:
    """Over any axes; opset 18 moved them from an attribute to an input."""
    x = node.value() if in_place else channels_last(node.value())
    given = node.optional_constant(1)
    axes = node.ints("axes", ()) if given is None else tuple(int(a) for a in given.ravel())
    if not axes and node.integer("noop_with_empty_axes", 0):
        return x
    axes = tuple(sorted(node.normal_axis(a, x.rank) for a in axes)) or tuple(range(x.rank))
    y = reduce(x, axes)
    if node.integer("keepdims", 1):
        return y
    return reshape(y, tuple(size for axis, size in enumerate(y.shape) if axis not in axes))


def _mean(x: Value, axes: tuple[int, ...]) -> Value:
    import tensorflow as tf

    shape = _with_ones(x, axes)
    if prod(shape) == prod(x.shape):
        return x
    over = {tf_axis(x.rank, axis) for axis in axes}
    if x.rank == 3 and 2 in axes:
        over.add(2)  # the width of 1 that a sequence has as an image: kernels know the mean over both
    return canonical(tf.reduce_mean(x.tensor, axis=sorted(over), keepdims=True), shape, x.nonnegative)


def _extreme(x: Value, axes: tuple[int, ...], largest: bool) -> Value:
    import tensorflow as tf

    reduce = tf.reduce_max if largest else tf.reduce_min
    over = sorted(tf_axis(x.rank, axis) for axis in axes)
    return canonical(reduce(x.tensor, axis=over, keepdims=True), _with_ones(x, axes), x.nonnegative)


def _with_ones(x: Value, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
