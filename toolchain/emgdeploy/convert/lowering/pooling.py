"""MaxPool, AveragePool and their global forms, ReduceMean, ReduceMax and ReduceMin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from emgdeploy.convert.lowering.padding import Window, padded, window_of
from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.stack import is_batch, stacked
from emgdeploy.convert.lowering.value import Value, canonical, channels_last, reshape, tf_axis
from emgdeploy.nets.ranges import covering


@lowers("MaxPool")
def max_pool(node: Node) -> Value:
    """Padding never wins a maximum, so zeros may stand in for it only where nothing is below zero."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise node.fail("returns the places of the maxima, which is not supported")
    if is_batch(node.value()):
        return stacked(node, node.ints("kernel_shape", ()), max_pool, node.value().nonnegative)
    x, window = _pooled_input(node)
    if not window.pads or window.same:
        y = _max(x.tensor, window.size, window.stride, "SAME" if window.pads else "VALID")
    elif x.nonnegative:
        tensor, padding = padded(x, window)
        y = _max(tensor, window.size, window.stride, padding)
    else:
        y = _max_then_thin(node, x, window)
    return canonical(y, (*x.shape[:2], *window.output), x.nonnegative)


def _max_then_thin(node: Node, x: Value, window: Window) -> Any:
    """A pool of stride 1, whose SAME padding is symmetric, followed by taking every stride-th place."""
    stepless = replace(window, stride=(1, 1))
    centred = all(b == (k - 1) // 2 for b, k in zip(stepless.before, stepless.size, strict=True))
    sizes = [x.tensor.shape[1], x.tensor.shape[2]]
    output = _padded_to_two(window.output)
    whole = all(o == -(-i // s) for o, i, s in zip(output, sizes, window.stride, strict=True))
    if not (centred and whole):
        raise node.fail(
            f"pads {window.before} before and {window.after} after values that may be negative",
            "put the activation (ReLU) before the pooling, or pad by half of an odd kernel",
        )
    return _max(_max(x.tensor, window.size, (1, 1), "SAME"), (1, 1), window.stride, "VALID")


def _padded_to_two(sizes: tuple[int, ...]) -> tuple[int, int]:
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (sizes[0], 1)


def _max(tensor: Any, size: tuple[int, int], stride: tuple[int, int], padding: str) -> Any:
    import tensorflow as tf

    return tf.nn.max_pool2d(tensor, size, stride, padding)


@lowers("AveragePool")
def average_pool(node: Node) -> Value:
    """ONNX leaves padding out of the average (as SAME does) unless count_include_pad says otherwise."""
    import tensorflow as tf

    if is_batch(node.value()):
        counts = bool(node.integer("count_include_pad", 0))
        return stacked(node, node.ints("kernel_shape", ()), average_pool, counts)
    x, window = _pooled_input(node)
    if window.beyond:
        raise node.fail("averages windows that reach past the image because of ceil_mode")
    if window.pads and not node.integer("count_include_pad", 0):
        if not window.same:
            raise node.fail(
                f"averages without its padding {window.before}, {window.after}, which TFLite cannot say",
                "use count_include_pad=True, padding that SAME gives, or no padding",
            )
        tensor, padding = x.tensor, "SAME"
    else:
        tensor, padding = padded(x, replace(window, same=False))
    y = tf.nn.avg_pool2d(tensor, window.size, window.stride, padding)
    return canonical(y, (*x.shape[:2], *window.output), x.nonnegative)


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
    x = channels_last(node.value())
    return _mean(x, tuple(range(2, x.rank)))


@lowers("ReduceMean")
def reduce_mean(node: Node) -> Value:
    return _reduced(node, _mean)


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


def _reduced(node: Node, reduce: Callable[[Value, tuple[int, ...]], Value]) -> Value:
    """Over any axes; opset 18 moved them from an attribute to an input."""
    x = channels_last(node.value())
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
