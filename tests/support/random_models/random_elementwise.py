"""Random operators that compute each element from the same element of their operands."""

from __future__ import annotations

import numpy as np

from support.models.maker import LIMITS, Maker, Value
from support.models.tflite_writer import options


def _out(m: Maker, image: Value, spread: float | None = None) -> Value:
    """An output that half of the time has its input's quantization, as converters like it."""
    same = m.like(image.shape, image) if m.chance(0.4) else None
    return same or m.value(image.shape, spread or image.spread)


def relu(m: Maker, image: Value) -> Value:
    return m.op("RELU", [image.index], _out(m, image))


def relu6(m: Maker, image: Value) -> Value:
    return m.op("RELU6", [image.index], _out(m, image))


def leaky_relu(m: Maker, image: Value) -> Value:
    alpha = float(m.pick((0.1, 0.01, 0.3, 1.5, m.rng.uniform(0, 1))))
    return m.op("LEAKY_RELU", [image.index], _out(m, image), options("LeakyReluOptions", alpha=alpha))


def logistic(m: Maker, image: Value) -> Value:
    if m.dtype == "int16":
        if image.scale > 4:  # the reference's index into its table overflows
            return relu6(m, image)
        out = m.quantized(image.shape, 1 / 32768, 0)
    else:
        out = m.quantized(image.shape, 1 / 256, -128 if m.chance(0.8) else m.zero_point())
    return m.op("LOGISTIC", [image.index], out)


def tanh(m: Maker, image: Value) -> Value:
    if m.dtype == "int16":
        if image.scale > 4:  # the reference's index into its table overflows
            return relu6(m, image)
        return m.op("TANH", [image.index], m.quantized(image.shape, 1 / 32768, 0))
    zero_point = 0 if m.chance(0.8) else m.zero_point()
    return m.op("TANH", [image.index], m.quantized(image.shape, 1 / 128, zero_point))


def hard_swish(m: Maker, image: Value) -> Value:
    """The reference has it for int8, for inputs and outputs of comparable scales."""
    if m.dtype == "int16" or not 1e-5 < image.scale < 1e4:
        return relu(m, image)
    scale = float(np.float32(image.scale * np.exp(m.rng.uniform(-3, 1))))
    out = m.quantized(image.shape, scale, m.zero_point())
    return m.op("HARD_SWISH", [image.index], out, options("HardSwishOptions"))


def table_of(m: Maker, image: Value) -> Value:
    """ABS, EXP and GELU of int8."""
    if m.dtype == "int16":
        return relu(m, image)
    kind = "EXP" if image.scale < 0.07 and m.chance(0.6) else m.pick(("ABS", "GELU"))
    chosen = options("GeluOptions", approximate=m.chance(0.5)) if kind == "GELU" else None
    out = m.value(image.shape, float(np.exp(image.spread))) if kind == "EXP" else _out(m, image)
    return m.op(kind, [image.index], out, chosen)


def narrow_relu(m: Maker, image: Value) -> Value:
    """RELU_N1_TO_1 and RELU_0_TO_1, which the reference has for int8."""
    kind = "RELU" if m.dtype == "int16" else m.pick(("RELU_N1_TO_1", "RELU_0_TO_1"))
    return m.op(kind, [image.index], _out(m, image, 1.0))


def prelu(m: Maker, image: Value) -> Value:
    shape = m.pick(
        (
            (1,) * len(image.shape),
            (1,) * (len(image.shape) - 1) + image.shape[-1:],
            image.shape[-1:],
            image.shape,
        )
    )
    slopes = m.constant(shape, m.pick((0.1, 0.5)), "int8")
    return m.op("PRELU", [image.index, slopes.index], m.value(image.shape, image.spread))


def requantize(m: Maker, image: Value) -> Value:
    return m.op("QUANTIZE", [image.index], _out(m, image), options("QuantizeOptions"))


def change_type(m: Maker, image: Value) -> Value:
    """QUANTIZE to the other integer type, in which the network then goes on."""
    m.dtype = "int8" if m.dtype == "int16" else "int16"
    out = m.value(image.shape, image.spread)
    return m.op("QUANTIZE", [image.index], out, options("QuantizeOptions"))


def through_float(m: Maker, image: Value) -> Value:
    """DEQUANTIZE and QUANTIZE again."""
    real = m.writer.tensor(image.shape, "float32")
    m.writer.op("DEQUANTIZE", [image.index], real, options("DequantizeOptions"))
    out = _out(m, image)
    m.writer.op("QUANTIZE", [real], out.index, options("QuantizeOptions"))
    return out


def _other(m: Maker, image: Value, constant: bool) -> Value:
    """A second operand: an earlier value of the shape, or a constant that may repeat."""
    alike = [v for v in m.values if v.shape == image.shape and v.dtype == image.dtype]
    if not constant or not image.shape:
        return m.pick(alike) if alike else image
    rank = len(image.shape)
    kept = [m.chance(0.5) for _ in image.shape]
    shape = m.pick(
        (
            (1,) * rank,
            (),
            image.shape[-1:],
            image.shape,
            tuple(d if k else 1 for d, k in zip(image.shape, kept, strict=True)),
        )
    )
    return m.constant(shape, image.spread)


def _pair(m: Maker, image: Value, constant: bool) -> tuple[list[int], Value]:
    other = _other(m, image, constant)
    operands = [image.index, other.index]
    return (operands[::-1] if m.chance(0.5) else operands), other


def add(m: Maker, image: Value) -> Value:
    operands, other = _pair(m, image, m.chance(0.4))
    out = m.value(image.shape, float(np.hypot(image.spread, other.spread)))
    return m.op("ADD", operands, out, options("AddOptions", m.activation(), potScaleInt16=False))


def sub(m: Maker, image: Value) -> Value:
    operands, other = _pair(m, image, m.chance(0.4))
    out = m.value(image.shape, float(np.hypot(image.spread, other.spread)))
    return m.op("SUB", operands, out, options("SubOptions", m.activation(), potScaleInt16=False))


def extreme(m: Maker, image: Value) -> Value:
    """MAXIMUM or MINIMUM of two values of one quantization."""
    other = _other(m, image, m.chance(0.6))
    if other.index != image.index:
        table = options("QuantizeOptions")
        constant = m.writer.graph.tensors[other.index].buffer
        other = m.constant_like(other.shape, image) if constant else m.op(
            "QUANTIZE", [other.index], m.like(other.shape, image), table
        )  # fmt: skip
    operands = [image.index, other.index]
    return m.op(m.pick(("MAXIMUM", "MINIMUM")), operands[::-1] if m.chance(0.5) else operands,
                m.like(image.shape, image), options("MaximumMinimumOptions"))  # fmt: skip


def mul(m: Maker, image: Value) -> Value:
    operands, other = _pair(m, image, m.chance(0.4))
    out = m.value(image.shape, image.spread * other.spread)
    return m.op("MUL", operands, out, options("MulOptions", m.activation()))


def squared_difference(m: Maker, image: Value) -> Value:
    """Of two operands in int8; the reference has no other type."""
    if m.dtype != "int8":
        return mul(m, image)
    operands, other = _pair(m, image, m.chance(0.4))
    out = m.value(image.shape, image.spread**2 + other.spread**2)
    return m.op("SQUARED_DIFFERENCE", operands, out)


def excite(m: Maker, image: Value) -> Value:
    """An image times (or plus) numbers computed for each channel or each row, which repeat."""
    rank = len(image.shape)
    axes = m.pick(([1], list(range(1, rank - 1)) or [rank - 1], [rank - 1]))
    shape = tuple(1 if a in axes else d for a, d in enumerate(image.shape))
    mean = m.op("MEAN", [image.index, m.integers(axes)], m.value(shape, image.spread / 2),
                options("ReducerOptions", keepDims=True))  # fmt: skip
    operands = [image.index, mean.index] if m.chance(0.5) else [mean.index, image.index]
    if m.chance(0.5):
        out = m.value(image.shape, image.spread * mean.spread)
        return m.op("MUL", operands, out, options("MulOptions", m.activation()))
    out = m.value(image.shape, image.spread)
    return m.op("ADD", operands, out, options("AddOptions", m.activation(), potScaleInt16=False))


def softmax(m: Maker, image: Value) -> Value:
    scale, zero_point = (1 / 32768, 0) if m.dtype == "int16" else (1 / 256, -128)
    beta = float(m.pick((1.0, 1.0, 0.5, 2.0))) * float(
        np.clip(LIMITS[m.dtype] ** -1 * 8 / image.scale, 1e-3, 1e3)
    )
    out = m.quantized(image.shape, scale, zero_point)
    return m.op("SOFTMAX", [image.index], out, options("SoftmaxOptions", beta=beta))
