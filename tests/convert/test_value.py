"""The bookkeeping of layouts: whatever is renamed, the numbers stay where ONNX expects them."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.convert.lowering import value as values
from emgdeploy.convert.lowering.value import Value

tf = pytest.importorskip("tensorflow")

SIZES = st.sampled_from([1, 2, 3, 4, 6])


def image(shape: tuple[int, ...]) -> tuple[np.ndarray, Value]:
    """The same numbers in ONNX's order and as a channels-last value."""
    array = np.arange(prod(shape), dtype=np.float32).reshape(shape)
    axes = [axis for axis in values.canonical_axes(len(shape)) if axis is not None]
    tensor = tf.constant(array.transpose(axes))
    if len(shape) == 3:
        tensor = tf.expand_dims(tensor, 2)
    return array, values.canonical(tensor, shape)


def same(array: np.ndarray, value: Value) -> None:
    assert value.shape == array.shape
    assert np.array_equal(values.onnx_order(value).tensor.numpy(), array)


@st.composite
def shapes_of(draw: st.DrawFn, total: int) -> tuple[int, ...]:
    """A shape with `total` elements."""
    shape = []
    for _ in range(draw(st.integers(1, 3))):
        size = draw(st.sampled_from([d for d in range(1, total + 1) if total % d == 0]))
        shape.append(size)
        total //= size
    return (*shape, total)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_chain_of_reshapes_and_transposes_keeps_the_numbers(data: st.DataObject) -> None:
    shape = (1, *data.draw(st.lists(SIZES, min_size=1, max_size=3)))
    array, value = image(tuple(shape))
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            permutation = tuple(data.draw(st.permutations(range(array.ndim))))
            array, value = array.transpose(permutation), values.transpose(value, permutation)
        else:
            wanted = data.draw(shapes_of(array.size))
            array, value = array.reshape(wanted), values.reshape(value, wanted)
        same(array, value)
    same(array, values.channels_last(value))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_constants_broadcast_as_in_onnx(data: st.DataObject) -> None:
    shape = (1, *data.draw(st.lists(SIZES, min_size=1, max_size=3)))
    array, value = image(shape)
    wanted = data.draw(shapes_of(array.size))
    array, value = array.reshape(wanted), values.reshape(value, wanted)
    lead = data.draw(st.integers(0, array.ndim))
    kept = [size if data.draw(st.booleans()) else 1 for size in array.shape[lead:]]
    constant = np.random.default_rng(0).normal(size=kept).astype(np.float32)
    result = value.with_tensor(value.tensor + values.constant_like(value, constant))
    same(array + constant, result)


def test_flattening_an_image_moves_nothing() -> None:
    array, value = image((1, 3, 2, 4))
    flat = values.reshape(value, (1, 24))
    assert flat.tensor is value.tensor
    order = values.flat_permutation(flat, 1)
    assert np.array_equal(value.tensor.numpy().ravel(), array.ravel()[order])


def test_axes_of_size_one_are_inserted_and_dropped_for_nothing() -> None:
    array, value = image((1, 3, 2, 4))
    value = values.reshape(value, (3, 1, 2, 1, 4))
    assert value.tensor.shape == (1, 2, 4, 3)
    same(array.reshape(3, 1, 2, 1, 4), value)


def test_another_number_of_elements_is_refused() -> None:
    _, value = image((1, 3, 2, 4))
    with pytest.raises(ValueError, match="elements"):
        values.reshape(value, (1, 25))


def test_a_constant_that_does_not_fit_is_refused() -> None:
    _, value = image((1, 3, 2, 4))
    with pytest.raises(ValueError, match="broadcast"):
        values.constant_like(value, np.zeros((5,), np.float32))
