"""Every kernel with layers that reach it, and windows for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.reference import Reference
from support.machines.proof import windows_of
from support.models.maker import Maker, Value
from support.models.tflite_writer import options
from support.random_models import random_copies as copies
from support.random_models import random_elementwise as elementwise
from support.random_models import random_layout as layout
from support.random_models import random_product as product
from support.random_models import random_recurrent as recurrent
from support.random_models import random_reduction as reduction
from support.random_models import random_weighted as weighted

Layer = Callable[[Maker, Value], Value]


def add_scaled_up(m: Maker, image: Value) -> Value:
    """ADD whose sums are many steps of its output apart: too many for the linear form."""
    m.values.append(m.op("QUANTIZE", [image.index], m.value(image.shape), options("QuantizeOptions")))
    other = m.values[-1]
    out = m.value(image.shape, float(np.hypot(image.spread, other.spread)) / m.pick((9, 20, 50)))
    operands = [image.index, other.index]
    return m.op("ADD", operands, out, options("AddOptions", m.activation(), potScaleInt16=False))


def dense_of_large_biases(m: Maker, image: Value) -> Value:
    """A dense layer whose accumulators are so large that 31 bits of its scale do not place every step."""
    units = m.number(8, 24)
    flat = m.reshaped(image, (1, image.elements))
    scale = m.scale()
    weights = m.numbers((units, image.elements), 127).astype(np.int8)
    kernel = m.writer.tensor(weights.shape, "int8", scale, 0, weights, 0)
    bias = m.rng.integers(-(2**30), 2**30, units)
    inputs = [flat.index, kernel, m.writer.tensor((units,), "int32", image.scale * scale, 0, bias)]
    out = m.value((1, units), image.scale * scale * 2**29)
    table = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    return m.op("FULLY_CONNECTED", inputs, out, table)


def dense_of_small_weights(m: Maker, image: Value) -> Value:
    """A dense layer of whose weights many fit into 16 bits together."""
    units = m.number(1, 24)
    flat = m.reshaped(image, (1, image.elements))
    scale = m.scale()
    weights = m.numbers((units, image.elements), m.pick((3, 12, 30))).astype(np.int8)
    kernel = m.writer.tensor(weights.shape, "int8", scale, 0, weights, 0)
    bias = m.writer.tensor((units,), "int32", image.scale * scale, 0, m.rng.integers(-3000, 3000, units))
    out = m.value((1, units), image.scale * scale * 8 * float(np.sqrt(image.elements)))
    table = options("FullyConnectedOptions", m.activation(), weightsFormat=0, keepNumDims=False)
    return m.op("FULLY_CONNECTED", [flat.index, kernel, bias], out, table)


def float_ends(m: Maker, image: Value) -> Value:
    return elementwise.through_float(m, image)


def lstm_over_pixels(m: Maker, image: Value) -> Value:
    """An LSTM that takes the pixels one after the other."""
    series = m.reshaped(image, (1, image.elements // image.shape[-1], image.shape[-1]))
    return recurrent.lstm_layer(m, series, m.number(1, 6))


# Kernel -> layers that reach it, and the type of their input.
KERNELS: dict[str, tuple[Layer, str]] = {
    "add_broadcast_s8": (elementwise.excite, "int8"),
    "add_linear_s8": (elementwise.add, "int8"),
    "add_s8": (add_scaled_up, "int8"),
    "add_s16": (elementwise.add, "int16"),
    "average_pool_s16": (reduction.average_pool, "int16"),
    "average_pool_s8": (reduction.average_pool, "int8"),
    "batch_matmul_s8": (product.batch_matmul, "int8"),
    "concatenation": (layout.concatenate, "int8"),
    "conv_pairs_s8": (weighted.conv, "int8"),
    "conv_s16": (weighted.conv, "int16"),
    "conv_s16_b32": (weighted.conv, "int16"),
    "conv_s8": (weighted.conv, "int8"),
    "depthwise_conv_s16": (weighted.depthwise, "int16"),
    "depthwise_conv_s8": (weighted.depthwise, "int8"),
    "dequantize_s16_f32": (float_ends, "int16"),
    "dequantize_s8_f32": (float_ends, "int8"),
    "extreme_s16": (elementwise.extreme, "int16"),
    "extreme_s8": (elementwise.extreme, "int8"),
    "fully_connected_offset_s8": (weighted.dense, "int8"),
    "fully_connected_pairs_s8": (dense_of_small_weights, "int8"),
    "fully_connected_s16": (weighted.dense, "int16"),
    "fully_connected_s8": (weighted.dense, "int8"),
    "fully_connected_wide_s8": (dense_of_large_biases, "int8"),
    "gather": (copies.gather, "int8"),
    "lstm_s8": (lstm_over_pixels, "int8"),
    "lookup_s8": (elementwise.leaky_relu, "int8"),
    "lookup_s8_s16": (elementwise.change_type, "int8"),
    "max_pool_s16": (reduction.max_pool, "int16"),
    "max_pool_s8": (reduction.max_pool, "int8"),
    "mean_s16": (reduction.mean, "int16"),
    "mean_s8": (reduction.mean, "int8"),
    "mul_s16": (elementwise.mul, "int16"),
    "mul_s8": (elementwise.mul, "int8"),
    "pad": (layout.pad, "int8"),
    "prelu_s16": (elementwise.prelu, "int16"),
    "prelu_s8": (elementwise.prelu, "int8"),
    "reduce_extreme_s16": (reduction.extreme, "int16"),
    "reduce_extreme_s8": (reduction.extreme, "int8"),
    "quantize_f32_s16": (float_ends, "int16"),
    "quantize_f32_s8": (float_ends, "int8"),
    "quantize_s16_s8": (elementwise.change_type, "int16"),
    "rescale_s16": (elementwise.leaky_relu, "int16"),
    "logistic_s16": (elementwise.logistic, "int16"),
    "softmax_s16": (elementwise.softmax, "int16"),
    "softmax_s8": (elementwise.softmax, "int8"),
    "tanh_s16": (elementwise.tanh, "int16"),
    "squared_difference_s8": (elementwise.squared_difference, "int8"),
    "transpose_conv_s8": (weighted.transpose_conv, "int8"),
    "transpose": (layout.transpose, "int8"),
}

_FLOAT_OUTSIDE = ("dequantize_s8_f32", "quantize_f32_s8")


def network(kernel: str, seed: int) -> bytes:
    """A random network around one of KERNELS; most of them reach it."""
    kind, dtype = KERNELS[kernel]
    m = Maker(seed, dtype)
    image = m.value((1, m.number(4, 20), m.number(4, 20), m.number(2, 12)))
    if kernel in _FLOAT_OUTSIDE:
        return _float_outside(m, image)
    m.values.append(image)
    # A layer of another kind first, so that the kernel's place in the arena is shared.
    out = m.value(image.shape, image.spread)
    between = m.op("QUANTIZE", [image.index], out, options("QuantizeOptions"))
    y = kind(m, between)
    y = m.reshaped(y, (1, *y.shape)) if y.shape[0] != 1 else y
    return m.writer.finish([image.index], [y.index])


def _float_outside(m: Maker, image: Value) -> bytes:
    """A network of 8-bit numbers between a float input and a float output."""
    ends = [m.writer.tensor(image.shape, "float32") for _ in range(2)]
    m.writer.op("QUANTIZE", ends[:1], image.index, options("QuantizeOptions"))
    y = elementwise.leaky_relu(m, image)
    m.writer.op("DEQUANTIZE", [y.index], ends[1], options("DequantizeOptions"))
    return m.writer.finish(ends[:1], ends[1:])


def windows_for(reference: Reference, outputs: int) -> int:
    """How many windows give about so many outputs, within reason."""
    given, computed = (int(np.prod(io.shape)) for io in (reference.input, reference.output))
    return min(max(outputs // max(computed, given // 20), 12), 1000)


def mixed(reference: Reference, count: int, seed: int) -> NDArray[Any]:
    """Mostly random windows, some of extremes and some smooth."""
    kinds = ("random", "random", "extreme", "smooth")
    return np.concatenate([windows_of(reference, count // 4, kind, seed + i) for i, kind in enumerate(kinds)])


# Kernel for the DSP extension -> single layers that reach it, and the mode that takes it.
DSP_KERNELS = {
    "conv_dsp_s8": (("pointwise", "conv", "time"), "memory"),
    "conv_dsp_s8 in batches": (("pointwise", "conv", "time"), "speed"),
    "conv_rgb_dsp_s8": (("colour",), "speed"),
    "conv_winograd_s8": (("winograd",), "speed"),
    "depthwise_any_dsp_s8": (("window",), "speed"),
    "depthwise_dsp_s8": (("depthwise",), "memory"),
    "depthwise_fast_s8": (("depthwise",), "speed"),
    "fully_connected_dsp_s8": (("dense",), "speed"),
}
# The same for Helium.
MVE_KERNELS = {
    "add_linear_mve_s8": (("add",), "speed"),
    "conv_mve_s8": (("conv", "colour", "time"), "speed"),
    "depthwise_any_mve_s8": (("window",), "speed"),
    "depthwise_mve_s8": (("depthwise",), "speed"),
    "fully_connected_mve_s8": (("dense",), "speed"),
    "pointwise_mve_s8": (("pointwise",), "speed"),
}
