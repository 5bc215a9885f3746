"""Slice, Gather and Split: parts of a tensor along its axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.lowering.registry import Node, lowers
from emgdeploy.convert.lowering.value import Value, canonical, channels_last, reshape, tf_axis


@lowers("Slice")
def slice_(node: Node) -> Value:
    """From one place to another, in steps; opset 10 moved all of it from attributes to inputs."""
    x = channels_last(node.value())
    places = [slice(0, size, 1) for size in x.shape]
    for axis, first, last, step in _bounds(node, x.rank):
        if step == 0:
            raise node.fail("slices in steps of 0")
        places[axis] = slice(*slice(first, last, step).indices(x.shape[axis]))
    if not all(_length(place) for place in places):
        raise node.fail(f"takes nothing of shape {x.shape}")
    return _part(x, places)


@lowers("Gather")
def gather(node: Node) -> Value:
    """Places along an axis, which take its place; one number, as x[:, -1] is exported, leaves none."""
    x = channels_last(node.value())
    axis = node.axis(0, x.rank)
    given, size = node.constant(1), x.shape[axis]
    if not given.size or int(given.min()) < -size or int(given.max()) >= size:
        raise node.fail(f"gathers places {given.ravel().tolist()[:8]} of {size}")
    part = taken(x, axis, given.ravel().astype(np.int64) % size)
    return reshape(part, (*x.shape[:axis], *given.shape, *x.shape[axis + 1 :]))


def taken(x: Value, axis: int, places: NDArray[np.int64]) -> Value:
    """The places, one or more, along one axis of a channels-last value."""
    import tensorflow as tf

    if np.array_equal(places, np.arange(places[0], places[0] + places.size)):
        return along(x, axis, int(places[0]), places.size)
    tensor = tf.gather(x.tensor, tf.constant(places.astype(np.int32)), axis=tf_axis(x.rank, axis))
    return canonical(tensor, (*x.shape[:axis], places.size, *x.shape[axis + 1 :]), x.nonnegative)


@lowers("Split")
def split(node: Node) -> tuple[Value, ...]:
    """Neighbours along one axis; opset 13 moved their sizes from an attribute to an input."""
    x = channels_last(node.value())
    axis = node.axis(0, x.rank)
    whole, count = x.shape[axis], len(node.outputs)
    given = node.optional_constant(1)
    sizes = node.ints("split", ()) if given is None else tuple(int(size) for size in given.ravel())
    if not sizes:
        each = -(-whole // count)
        sizes = (*[each] * (count - 1), whole - each * (count - 1))
    if sum(sizes) != whole or len(sizes) != count or min(sizes) < 1:
        raise node.fail(f"splits {whole} into {sizes}")
    parts, start = [], 0
    for size in sizes:
        parts.append(along(x, axis, start, size))
        start += size
    return tuple(parts)


def along(x: Value, axis: int, start: int, size: int) -> Value:
    """`size` neighbours along one axis, and all there is along the others."""
    places = [slice(0, n, 1) for n in x.shape]
    places[axis] = slice(start, start + size, 1)
    return _part(x, places)


def _length(place: slice) -> int:
    return len(range(place.start, place.stop, place.step))


def _part(x: Value, places: list[slice]) -> Value:
    index = [slice(None)] * len(x.order)
    for axis, place in enumerate(places):
        # Backward to the first place: there is no number before 0 that would not count from the end.
        stop = None if place.step < 0 and place.stop < 0 else place.stop
        index[tf_axis(x.rank, axis)] = slice(place.start, stop, place.step)
    return canonical(x.tensor[tuple(index)], tuple(map(_length, places)), x.nonnegative)


def _bounds(node: Node, rank: int) -> list[tuple[int, int, int, int]]:
    """(axis, first, last, step) of each axis that is cut."""
    inputs = [node.optional_constant(i) for i in range(1, 5)]
    starts, ends, axes, steps = (None if v is None else [int(n) for n in v.ravel()] for v in inputs)
    starts = list(node.ints("starts", ())) if starts is None else starts
    ends = list(node.ints("ends", ())) if ends is None else ends
    axes = list(node.ints("axes", tuple(range(len(starts))))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise node.fail(f"has {len(starts)} starts for {len(ends)} ends")
    named = [node.normal_axis(axis, rank) for axis in axes]
    return list(zip(named, starts, ends, steps, strict=True))
