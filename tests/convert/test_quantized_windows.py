"""Floats into device integers: equal to TFLite's own QUANTIZE, value by value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import dequantize, quantize_windows, to_device_layout
from emgdeploy.errors import InputError

tf = pytest.importorskip("tensorflow")

INT8 = np.dtype(np.int8)
COUNT = 512


@pytest.fixture(scope="module")
def quantizer() -> Reference:
    """A model whose first operator is QUANTIZE: float input, int8 inside."""
    spec = tf.TensorSpec((1, COUNT), tf.float32)
    function = tf.function(lambda x: tf.nn.relu(x), input_signature=[spec]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    ramp = np.linspace(-0.7, 1.1, COUNT, dtype=np.float32)[np.newaxis]
    converter.representative_dataset = lambda: iter([[ramp]])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return Reference(converter.convert())


def input_scale(quantizer: Reference) -> tuple[int, float, int]:
    """Index, scale and zero point of QUANTIZE's output."""
    for details in quantizer._interpreter.get_tensor_details():
        if details["dtype"] == np.int8 and details["quantization"][1] != -128:
            return details["index"], *details["quantization"]
    raise AssertionError("no quantized input")


def test_equal_to_tflites_quantize_on_ties_extremes_and_noise(quantizer: Reference) -> None:
    index, scale, zero_point = input_scale(quantizer)
    rng = np.random.default_rng(5)
    ties = (np.arange(-COUNT // 2, COUNT // 2) + np.float32(0.5)) * np.float32(scale)
    near = np.nextafter(ties, rng.choice([-np.inf, np.inf], COUNT).astype(np.float32))
    wide = (rng.normal(size=COUNT) * 10.0 ** rng.integers(-6, 7, COUNT)).astype(np.float32)
    # Quotients beyond int32 overflow inside TFLite; there ours clamps, as the next test says.
    extremes = np.resize(np.array([0, -0.0, 1e-45, -1e-45, 1e7, -1e7], np.float32), COUNT)
    for x in (ties.astype(np.float32), near.astype(np.float32), wide, extremes):
        ours = quantize_windows(x[np.newaxis], scale, zero_point, INT8, (0,))
        assert np.array_equal(ours, quantizer.tensors(x)[index])


def test_numbers_beyond_int32_clamp() -> None:
    x = np.array([[3.4e38, -3.4e38]], np.float32)
    assert quantize_windows(x, 1e-3, -29, INT8, (0,)).tolist() == [[127, -128]]


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-1e6, 1e6, width=32),
    st.floats(2.0**-20, 2.0**10, width=32),
    st.integers(-128, 127),
)
def test_rounds_half_away_from_zero_and_clamps(x: float, scale: float, zero_point: int) -> None:
    found = quantize_windows(np.array([[x]], np.float32), scale, zero_point, INT8, (0,))[0, 0]
    exact = float(np.float32(x) / np.float32(scale))
    nearest = int(abs(exact) + 0.5) * (1 if exact >= 0 else -1)
    assert found == max(-128, min(127, nearest + zero_point))


def test_layout_follows_the_axes() -> None:
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert np.array_equal(to_device_layout(x, (1, 2, 0)), x.transpose(0, 2, 3, 1))
    with pytest.raises(InputError, match="axes"):
        to_device_layout(x, (0, 1))


def test_sixteen_bits_and_floats() -> None:
    x = np.array([[0.5, -0.5, 9.0]], np.float32)
    assert quantize_windows(x, 0.001, 0, np.dtype(np.int16), (0,)).tolist() == [[500, -500, 9000]]
    assert quantize_windows(x, 0.0, 0, np.dtype(np.float32), (0,)).dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_no_device_can_hold_are_bad_input(bad: float) -> None:
    with pytest.raises(InputError, match="not a finite"):
        quantize_windows(np.array([[bad]]), 0.1, 0, INT8, (0,))


def test_dequantizing_takes_the_zero_point_off() -> None:
    y = np.array([[[-128, 127]], [[0, 1]]], np.int8)
    assert np.array_equal(dequantize(y, 0.5, -128), np.array([[0, 127.5], [64, 64.5]], np.float32))
