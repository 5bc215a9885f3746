"""Constant arithmetic: against NumPy, against the reference, and what makes no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.convert.reference import Reference
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from emgdeploy.graph.slicing import strided_slice
from support.machines.proof import prove
from support.models.maker import Maker, Value
from support.models.passes import kinds
from support.models.tflite_writer import ModelWriter, options
from support.random_models.random_layout import through_shape


def slice_options(masks: tuple[int, int, int, int, int]) -> object:
    names = ("beginMask", "endMask", "ellipsisMask", "newAxisMask", "shrinkAxisMask")
    fields: dict[str, Any] = dict(zip(names, masks, strict=True))
    return options("StridedSliceOptions", **fields)


def test_sizes_computed_from_the_input_leave_one_view(tmp_path: Path) -> None:
    m = Maker(0)
    x = m.value((1, 5, 4, 3))
    tflite = m.writer.finish([x.index], [through_shape(m, x).index])
    assert kinds(read_tflite(tflite)) == ["RESHAPE"]
    prove(tflite, tmp_path)


def test_a_dense_layer_over_the_last_axis_folds_to_views(tmp_path: Path) -> None:
    """What Keras makes of Dense on a value of rank 3 whose batch is open: the file holds a 1 for the
    number of rows, and computes it from sizes gathered from the shape."""
    m = Maker(0)
    x = m.value((1, 5, 8))
    shape = m.writer.tensor((3,), "int32")
    m.writer.op("SHAPE", [x.index], shape, options("ShapeOptions", outType=2))
    sizes = [_product_of(m, shape, axes) for axes in ([0, 1], [2])]
    both = m.writer.tensor((2,), "int32")
    m.writer.op("PACK", sizes, both, options("PackOptions", axis=0, valuesCount=2))
    rows = m.writer.tensor((1, 8), "int8", x.scale, x.zero_point, open_axes=(0, 1))
    m.writer.op("RESHAPE", [x.index, both], rows, options("ReshapeOptions"))
    weights = m.constant((6, 8), 1.0, "int8")
    units = m.writer.tensor((1, 6), "int8", 0.5, 3, open_axes=(0,))
    m.writer.op("FULLY_CONNECTED", [rows, weights.index, -1], units, options(
        "FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False))  # fmt: skip
    rectified = m.writer.tensor((1, 6), "int8", 0.4, -5, open_axes=(0,))
    m.writer.op("RELU", [units], rectified)
    y = m.reshaped(Value(rectified, (5, 6), 0.4, -5), (1, 5, 6))
    tflite = m.writer.finish([x.index], [y.index])
    assert kinds(read_tflite(tflite)) == ["RESHAPE", "FULLY_CONNECTED", "RELU", "RESHAPE"]
    prove(tflite, tmp_path)


def _product_of(m: Maker, shape: int, axes: list[int]) -> int:
    """The product of some entries of a shape, as a tensor."""
    chosen = m.writer.tensor((len(axes),), "int32")
    m.writer.op("GATHER", [shape, m.integers(axes)], chosen, options("GatherOptions", axis=0, batchDims=0))
    product = m.writer.tensor((), "int32")
    m.writer.op("REDUCE_PROD", [chosen, m.integers([0])], product, options("ReducerOptions", keepDims=False))
    return product


def test_padding_amounts_may_be_computed(tmp_path: Path) -> None:
    """Amounts packed from rows, as converters write them for sizes they once did not know."""
    m = Maker(0)
    x = m.value((1, 5, 4, 3))
    rows = [m.integers(r) for r in ([0, 0], [1, 2], [0, 1], [0, 0])]
    amounts = m.writer.tensor((4, 2), "int32")
    m.writer.op("PACK", rows, amounts, options("PackOptions", axis=0, valuesCount=4))
    y = m.op("PAD", [x.index, amounts], m.like((1, 8, 5, 3), x), options("PadOptions"))
    tflite = m.writer.finish([x.index], [y.index])
    assert kinds(read_tflite(tflite)) == ["PAD"]
    prove(tflite, tmp_path)


def test_joined_transposed_and_viewed_constants_fold(tmp_path: Path) -> None:
    m = Maker(0)
    x = m.value((1, 4, 6))
    fixed = m.writer.tensor((3, 4), "int8", 0.1, 2, m.numbers((3, 4), 128))
    turned = m.writer.tensor((4, 3), "int8", 0.1, 2)
    m.writer.op("TRANSPOSE", [fixed, m.integers((1, 0))], turned, options("TransposeOptions"))
    joined = m.writer.tensor((4, 6), "int8", 0.1, 2)
    m.writer.op("CONCATENATION", [turned, turned], joined, options("ConcatenationOptions", "NONE", axis=1))
    viewed = m.writer.tensor((1, 4, 6), "int8", 0.1, 2)
    m.writer.op("EXPAND_DIMS", [joined, m.integers([0])], viewed, options("ExpandDimsOptions"))
    y = m.op("MUL", [viewed, x.index], m.value(x.shape, 10.0), options("MulOptions", "NONE"))
    tflite = m.writer.finish([x.index], [y.index])
    assert kinds(read_tflite(tflite)) == ["MUL"]
    prove(tflite, tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_slices_are_the_references(data: st.DataObject) -> None:
    """Random begins, ends, steps and masks of a constant, seen through a network that pads by it."""
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    count = data.draw(st.integers(1, len(shape)))
    number = st.integers(-5, 5)
    begin, end = (data.draw(st.lists(number, min_size=count, max_size=count)) for _ in range(2))
    step = data.draw(st.lists(st.sampled_from([-2, -1, 1, 2]), min_size=count, max_size=count))
    bits = st.integers(0, 2**count - 1)
    masks = (data.draw(bits), data.draw(bits), data.draw(st.sampled_from([0, 0, 1, 2])) % 2**count, 0, 0)
    values = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    ours = strided_slice(values, begin, end, step, masks)
    if 0 in ours.shape:
        return
    assert np.array_equal(ours, _reference_slice(values, begin, end, step, masks, ours.shape))


def _reference_slice(
    values: np.ndarray,
    begin: list[int],
    end: list[int],
    step: list[int],
    masks: tuple[int, int, int, int, int],
    shape: tuple[int, ...],
) -> np.ndarray:
    w = ModelWriter()
    x, y = w.tensor((1, 2), "int8", 0.1), w.tensor((1, 2), "int8", 0.1)
    source = w.tensor(values.shape, "int32", data=values)
    numbers = [w.tensor((len(v),), "int32", data=np.array(v)) for v in (begin, end, step)]
    out = w.tensor(shape, "int32")
    w.op("STRIDED_SLICE", [source, *numbers], out, slice_options(masks))
    w.op("RELU", [x], y)
    return Reference(w.finish([x], [y])).tensors(np.zeros((2,), np.int8))[out]


def test_shrinking_and_new_axes() -> None:
    values = np.arange(12).reshape(3, 4)
    assert strided_slice(values, [1, 0], [2, 4], [1, 2], (0, 0, 0, 0, 1)).tolist() == [4, 6]
    assert strided_slice(values, [0, 1], [0, 2], [1, 1], (0, 0, 0, 1, 0)).shape == (1, 1, 4)
    with pytest.raises(ValueError, match="step of 0"):
        strided_slice(values, [0], [3], [0], (0, 0, 0, 0, 0))


def broken_pack(m: Maker, x: Value) -> Value:
    out = m.writer.tensor((3,), "int32")
    m.writer.op("PACK", [m.integers(1), m.integers(2)], out, options("PackOptions", axis=0, valuesCount=2))
    return m.op("RESHAPE", [x.index, out], m.like((1, 60), x), options("ReshapeOptions"))


def broken_axis(m: Maker, x: Value) -> Value:
    out = m.writer.tensor((4,), "int32")
    table = options("ConcatenationOptions", "NONE", axis=3)
    m.writer.op("CONCATENATION", [m.integers([1, 2]), m.integers([3, 4])], out, table)
    return m.op("RESHAPE", [x.index, out], m.like((1, 60), x), options("ReshapeOptions"))


def broken_index(m: Maker, x: Value) -> Value:
    out = m.writer.tensor((2,), "int32")
    m.writer.op("GATHER", [m.integers([1, 2]), m.integers([0, -1])], out, options("GatherOptions", axis=0))
    return m.op("RESHAPE", [x.index, out], m.like((1, 60), x), options("ReshapeOptions"))


@pytest.mark.parametrize("broken", [broken_pack, broken_axis, broken_index])
def test_arithmetic_that_makes_no_sense_is_named(broken: object) -> None:
    m = Maker(0)
    x = m.value((1, 5, 4, 3))
    y = broken(m, x)  # type: ignore[operator]
    with pytest.raises(InputError, match=r"operator 0 .* computes no constant"):
        read_tflite(m.writer.finish([x.index], [y.index]))
