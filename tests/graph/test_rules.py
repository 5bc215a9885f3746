"""What the compiler refuses: one sentence that names operator, tensor and index, and what to do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from support.models.maker import Maker, Value
from support.models.tflite_writer import conv_options, depthwise_options, options

Broken = Callable[[Maker, Value], Value]


def add(m: Maker, x: Value, y: Value, out: Value) -> Value:
    return m.op("ADD", [x.index, y.index], out, options("AddOptions", "NONE", potScaleInt16=False))


def kernel(m: Maker, shape: tuple[int, ...], scale: float | list[float] = 0.01, zero_point: int = 0) -> int:
    return m.writer.tensor(shape, "int8", scale, zero_point, np.ones(shape), 0)


def bias(m: Maker, x: Value, count: int, dtype: str = "int32") -> int:
    return m.writer.tensor((count,), dtype, x.scale * 0.01, 0, np.zeros(count))


def conv(m: Maker, x: Value, weights: int, biases: int, out: Value, dtype: str = "CONV_2D") -> Value:
    return m.op("CONV_2D", [x.index, weights, biases], out, conv_options((1, 1), (1, 1), True))


def grouped(m: Maker, x: Value) -> Value:
    return conv(m, x, kernel(m, (4, 1, 1, 1)), bias(m, x, 4), m.value((*x.shape[:3], 4)))


def asymmetric_weights(m: Maker, x: Value) -> Value:
    return conv(m, x, kernel(m, (4, 1, 1, 3), 0.01, 5), bias(m, x, 4), m.value((*x.shape[:3], 4)))


def wrong_bias(m: Maker, x: Value) -> Value:
    return conv(m, x, kernel(m, (4, 1, 1, 3)), bias(m, x, 4, "int64"), m.value((*x.shape[:3], 4)))


def no_bias(m: Maker, x: Value) -> Value:
    return m.op("CONV_2D", [x.index, kernel(m, (4, 1, 1, 3))], m.value((*x.shape[:3], 4)),
                conv_options((1, 1), (1, 1), True))  # fmt: skip


def constant_image(m: Maker, x: Value) -> Value:
    image = m.writer.tensor((1, 5, 4, 3), "int8", x.scale, 0, np.ones((1, 5, 4, 3)))
    return m.op("CONV_2D", [image, kernel(m, (4, 1, 1, 3)), bias(m, x, 4)], m.value((*x.shape[:3], 4)),
                conv_options((1, 1), (1, 1), True))  # fmt: skip


def huge_scale(m: Maker, x: Value) -> Value:
    return conv(m, x, kernel(m, (4, 1, 1, 3)), bias(m, x, 4), m.quantized((*x.shape[:3], 4), 1e-20, 0))


def long_kernel(m: Maker, x: Value) -> Value:
    weights = m.writer.tensor((1, 2, 2, 3), "int8", [0.1, 0.2], 0, np.ones((1, 2, 2, 3)), 3)
    return m.op("DEPTHWISE_CONV_2D", [x.index, weights], m.value(x.shape),
                depthwise_options((1, 1), (1, 1), True, 1))  # fmt: skip


def dense_bias_scale(m: Maker, x: Value) -> Value:
    b = m.writer.tensor((2,), "int32", 12.0, 0, np.zeros(2))
    return m.op("FULLY_CONNECTED", [x.index, kernel(m, (2, 60)), b], m.quantized((1, 2), 0.1, 0),
                options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False))  # fmt: skip


def add_far_apart(m: Maker, x: Value) -> Value:
    wide = m.op("QUANTIZE", [x.index], m.quantized(x.shape, 1e6, 0), options("QuantizeOptions"))
    return add(m, wide, wide, m.quantized(x.shape, 1e-6, 0))


def add_shapes(m: Maker, x: Value) -> Value:
    return add(m, x, m.constant((1, 1, 2, 3), 1.0), m.value(x.shape))


def two_constants(m: Maker, x: Value) -> Value:
    out = add(m, m.constant(x.shape, 1.0), m.constant(x.shape, 1.0), m.value(x.shape))
    return add(m, x, out, m.value(x.shape))


def logistic_scale(m: Maker, x: Value) -> Value:
    return m.op("LOGISTIC", [x.index], m.quantized(x.shape, 1 / 255, -128))


def softmax_zero_point(m: Maker, x: Value) -> Value:
    return m.op("SOFTMAX", [x.index], m.quantized(x.shape, 1 / 256, 0), options("SoftmaxOptions", beta=1.0))


def softmax_beta(m: Maker, x: Value) -> Value:
    out = m.quantized(x.shape, 1 / 256, -128)
    return m.op("SOFTMAX", [x.index], out, options("SoftmaxOptions", beta=1e-9))


def leaky_nan(m: Maker, x: Value) -> Value:
    return m.op("LEAKY_RELU", [x.index], m.value(x.shape), options("LeakyReluOptions", alpha=float("nan")))


def prelu_slopes(m: Maker, x: Value) -> Value:
    slopes = m.writer.tensor((3,), "int16", 0.1, 0, np.ones(3))
    return m.op("PRELU", [x.index, slopes], m.value(x.shape))


def transpose_twice(m: Maker, x: Value) -> Value:
    return m.op("TRANSPOSE", [x.index, m.integers((0, 1, 1, 2))], m.like((1, 5, 5, 4), x),
                options("TransposeOptions"))  # fmt: skip


def computed_axes(m: Maker, x: Value) -> Value:
    """A permutation that only the device would know."""
    axes = m.op("QUANTIZE", [x.index], m.value(x.shape), options("QuantizeOptions"))
    return m.op("TRANSPOSE", [x.index, axes.index], m.like(x.shape, x), options("TransposeOptions"))


def pad_negative(m: Maker, x: Value) -> Value:
    amounts = m.integers([[0, 0], [-1, 0], [0, 0], [0, 0]])
    return m.op("PAD", [x.index, amounts], m.like((1, 4, 4, 3), x), options("PadOptions"))


def concat_scales(m: Maker, x: Value) -> Value:
    return m.op("CONCATENATION", [x.index, x.index], m.value((1, 10, 4, 3)),
                options("ConcatenationOptions", "NONE", axis=1))  # fmt: skip


def concat_constant(m: Maker, x: Value) -> Value:
    fixed = m.writer.tensor(x.shape, "int8", 2 * x.scale, x.zero_point, np.zeros(x.shape))
    return m.op("CONCATENATION", [x.index, fixed], m.like((1, 10, 4, 3), x),
                options("ConcatenationOptions", "NONE", axis=1))  # fmt: skip


def reshape_elsewhere(m: Maker, x: Value) -> Value:
    return m.op("RESHAPE", [x.index, m.integers((1, 30, 2))], m.like((1, 60), x),
                options("ReshapeOptions", newShape=[1, 60]))  # fmt: skip


def squeeze_five(m: Maker, x: Value) -> Value:
    return m.op("SQUEEZE", [x.index], m.like((1, 4, 15), x), options("SqueezeOptions", squeezeDims=[1]))


def mean_axis(m: Maker, x: Value) -> Value:
    return m.op(
        "MEAN", [x.index, m.integers((7,))], m.value(x.shape), options("ReducerOptions", keepDims=True)
    )


def squares_too_fine(m: Maker, x: Value) -> Value:
    out = m.quantized(x.shape, x.scale**2 * 2.0**-13, 0)
    return m.op("SQUARED_DIFFERENCE", [x.index, m.constant(x.shape, x.spread).index], out)


def pack_far_away(m: Maker, x: Value) -> Value:
    return m.op("PACK", [x.index, x.index], m.like((2, *x.shape), x),
                options("PackOptions", axis=7, valuesCount=2))  # fmt: skip


def gather_beyond(m: Maker, x: Value) -> Value:
    table = options("GatherOptions", axis=1, batchDims=0)
    return m.op("GATHER", [x.index, m.integers([0, 5])], m.like((1, 2, 4, 3), x), table)


def tile_too_far(m: Maker, x: Value) -> Value:
    return m.op("TILE", [x.index, m.integers([1, 2, 1, 1])], m.like((1, 5, 4, 3), x), options("TileOptions"))


def broadcast_elsewhere(m: Maker, x: Value) -> Value:
    return m.op("BROADCAST_TO", [x.index, m.integers((1, 10, 4, 3))], m.like((1, 10, 4, 3), x),
                options("BroadcastToOptions"))  # fmt: skip


def transpose_conv_elsewhere(m: Maker, x: Value) -> Value:
    kernel = m.writer.tensor((2, 2, 2, 3), "int8", 0.1, 0, np.ones((2, 2, 2, 3)))
    table = options("TransposeConvOptions", "NONE", padding=1, strideH=2, strideW=2)
    out = m.value((1, 12, 8, 2))
    return m.op("TRANSPOSE_CONV", [m.integers(out.shape), kernel, x.index], out, table)


def quantize_integers(m: Maker, x: Value) -> Value:
    wide = m.writer.tensor(x.shape, "int32", 1.0, 0)
    m.writer.op("QUANTIZE", [x.index], wide, options("QuantizeOptions"))
    return m.op("QUANTIZE", [wide], m.value(x.shape), options("QuantizeOptions"))


def unknown_operator(m: Maker, x: Value) -> Value:
    return m.op("ELU", [x.index], m.value(x.shape))


def float_operator(m: Maker, x: Value) -> Value:
    real = m.writer.tensor(x.shape, "float32")
    m.writer.op("DEQUANTIZE", [x.index], real, options("DequantizeOptions"))
    other = m.writer.tensor(x.shape, "float32")
    m.writer.op("RELU", [real], other)
    return m.op("QUANTIZE", [other], m.value(x.shape), options("QuantizeOptions"))


CASES: tuple[tuple[Broken, str], ...] = (
    (grouped, "weights for 1 channels, input 3"),
    (asymmetric_weights, "weights with a zero point other than 0"),
    (wrong_bias, "bias of type int64; int32 is needed"),
    (no_bias, "2 inputs; 3 to 3 are needed"),
    (constant_image, "computes on constants alone"),
    (huge_scale, "beyond what the reference defines"),
    (long_kernel, "2 weight scales for 3 channels"),
    (dense_bias_scale, "biases of scale 12"),
    (add_far_apart, "times beyond its output's"),
    (add_shapes, "cannot combine shapes"),
    (two_constants, "computes on constants alone"),
    (logistic_scale, "the reference takes 0.00390625"),
    (softmax_zero_point, "the reference takes 0.00390625 and -128"),
    (softmax_beta, "which the reference cannot hold"),
    (leaky_nan, "has the slope nan"),
    (prelu_slopes, "slopes of type int16"),
    (transpose_twice, "no permutation of 4"),
    (computed_axes, "only known on the device"),
    (pad_negative, "impossible padding amounts"),
    (squares_too_fine, "times finer than it computes them"),
    (concat_scales, "changes scale or zero point"),
    (concat_constant, "changes scale or zero point"),
    (reshape_elsewhere, "(1, 60) where [1, 30, 2] is asked for"),
    (squeeze_five, "squeezes axes [1]"),
    (mean_axis, "reduces axes [7]"),
    (pack_far_away, "packs along axis 7 of rank 5"),
    (gather_beyond, "gathers places beyond 5"),
    (tile_too_far, "(1, 10, 4, 3) follows"),
    (broadcast_elsewhere, "repeats (1, 5, 4, 3) to (1, 10, 4, 3)"),
    (transpose_conv_elsewhere, "makes (12, 8) places of (5, 4)"),
    (quantize_integers, "turns int8 into int32"),
    (unknown_operator, "ELU"),
    (float_operator, "float32"),
)


@pytest.mark.parametrize(("broken", "words"), CASES, ids=[case.__name__ for case, _ in CASES])
def test_a_broken_model_is_refused_with_a_sentence(broken: Broken, words: str) -> None:
    m = Maker(0)
    x = m.value((1, 5, 4, 3))
    m.values.append(x)
    y = broken(m, x)
    if y.shape[0] != 1:
        y = m.reshaped(y, (1, *y.shape))
    with pytest.raises(InputError) as error:
        _compile(m.writer.finish([x.index], [y.index]))
    message = str(error.value)
    assert words in f"{message} {error.value.hint}"
    assert "operator " in message and "tensor" in message
    assert error.value.hint


def _compile(tflite: bytes) -> None:
    from emgdeploy.codegen import CodegenOptions, generate

    graph = read_tflite(tflite)
    empty = np.zeros(60, np.int8)
    generate(graph, CodegenOptions((empty, empty)))


def test_an_output_with_another_batch_is_refused() -> None:
    m = Maker(0)
    x = m.value((1, 5, 4, 3))
    y = m.reshaped(x, (5, 12))
    with pytest.raises(InputError, match="output of shape"):
        read_tflite(m.writer.finish([x.index], [y.index]))


def test_a_constant_output_is_refused() -> None:
    m = Maker(0)
    x = m.value((1, 5, 4, 3))
    shape = m.writer.tensor((4,), "int32")
    m.writer.op("SHAPE", [x.index], shape, options("ShapeOptions", outType=2))
    row = m.writer.tensor((1, 4), "int32")
    m.writer.op("RESHAPE", [shape, m.integers((1, 4))], row, options("ReshapeOptions"))
    with pytest.raises(InputError, match="constant output"):
        read_tflite(m.writer.finish([x.index], [row]))
