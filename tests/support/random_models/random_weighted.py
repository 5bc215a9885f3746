"""Random layers with weights: convolutions and dense layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.models.maker import LARGEST, Maker, Value
from support.models.tflite_writer import conv_options, depthwise_options, options

Window = tuple[tuple[int, int], tuple[int, int], tuple[int, int], bool]


def weights(
    m: Maker, shape: tuple[int, ...], axis: int, zero_point: int = 0
) -> tuple[int, NDArray[np.float32]]:
    """int8 weights with one scale or one per channel; tensor index and scales."""
    channels = shape[axis]
    count = channels if zero_point == 0 and m.chance(0.7) else 1
    scales = np.exp(m.rng.uniform(-8, -3, count)).astype(np.float32)
    data = m.numbers(shape, 128).astype(np.int8)
    if m.sparse:
        data = _thinned(m, data, axis, zero_point)
    return m.writer.tensor(shape, "int8", scales.tolist(), zero_point, data, axis), scales


def _thinned(m: Maker, data: NDArray[np.int8], axis: int, zero_point: int) -> NDArray[np.int8]:
    """Weights that are 0 for some outputs, and (unless each output has its own input) for some inputs."""
    thin = data.copy()
    for along in (axis,) if axis == 3 else (axis, len(data.shape) - 1):
        gone = m.rng.random(data.shape[along]) < m.pick((0.0, 0.3, 0.6, 0.9))
        np.moveaxis(thin, along, 0)[gone] = zero_point
    return thin


def bias(m: Maker, image: Value, scales: NDArray[np.float32], channels: int, dtype: str = "") -> int:
    """Biases of the type that the layer's activations ask for."""
    kind = dtype or ("int64" if m.dtype == "int16" else "int32")
    limit = 3000 if kind == "int32" and m.dtype == "int8" else 10**6
    if kind == "int64" and m.chance(0.2):
        limit = 2**35
    scale = (np.float32(image.scale) * scales).astype(np.float32)
    return m.writer.tensor((channels,), kind, scale.tolist(), 0, m.rng.integers(-limit, limit + 1, channels))


def window(m: Maker, image: Value, largest: int = 5, dilates: bool = True) -> Window:
    """Size, stride, dilation and whether padding is SAME."""
    same = m.chance(0.6)
    dilation = (m.number(1, 2), m.number(1, 2)) if dilates and m.chance(0.2) else (1, 1)
    limit = [largest if same else (d - 1) // k + 1 for d, k in zip(image.shape[1:3], dilation, strict=True)]
    size = (m.number(1, min(largest, limit[0])), m.number(1, min(largest, limit[1])))
    stride = (m.number(1, 3), m.number(1, 3)) if dilation == (1, 1) and m.chance(0.5) else (1, 1)
    return size, stride, dilation, same


def spatial(image: Value, chosen: Window) -> tuple[int, int]:
    size, stride, dilation, same = chosen
    if same:
        return -(-image.shape[1] // stride[0]), -(-image.shape[2] // stride[1])
    extent = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    return (image.shape[1] - extent[0]) // stride[0] + 1, (image.shape[2] - extent[1]) // stride[1] + 1


def _spread(image: Value, scales: NDArray[np.float32], taps: int) -> float:
    return image.spread * float(scales.mean()) * 70 * float(np.sqrt(taps))


def conv(m: Maker, image: Value) -> Value:
    chosen = window(m, image)
    channels = m.number(1, max(1, min(9, LARGEST // int(np.prod(spatial(image, chosen))))))
    shares = [g for g in range(1, image.shape[3] + 1) if image.shape[3] % g == 0 and channels % g == 0]
    depth = image.shape[3] // (m.pick(shares) if m.chance(0.2) else 1)
    kernel, scales = weights(m, (channels, *chosen[0], depth), 0)
    taps = int(np.prod(chosen[0])) * depth
    out = m.value((1, *spatial(image, chosen), channels), _spread(image, scales, taps))
    # 32-bit biases of 16-bit layers are asked for by name, and have accumulators of 32 bits.
    short = m.dtype == "int16" and m.chance(0.25) and taps * 2**22 < 2**30
    table = conv_options(*chosen[1:3], chosen[3], m.activation())
    if short:
        table.quantizedBiasType = 2
    inputs = [image.index, kernel, bias(m, image, scales, channels, "int32" if short else "")]
    return m.op("CONV_2D", inputs, out, table)


def pointwise(m: Maker, image: Value) -> Value:
    channels = m.number(1, 12)
    kernel, scales = weights(m, (channels, 1, 1, image.shape[3]), 0)
    out = m.value((*image.shape[:3], channels), _spread(image, scales, image.shape[3]))
    inputs = [image.index, kernel, bias(m, image, scales, channels)]
    return m.op("CONV_2D", inputs, out, conv_options((1, 1), (1, 1), True, m.activation()))


def depthwise(m: Maker, image: Value) -> Value:
    multiplier = m.pick((1, 1, 1, 2, 3))
    channels = image.shape[3] * multiplier
    chosen = window(m, image)
    kernel, scales = weights(m, (1, *chosen[0], channels), 3)
    out = m.value((1, *spatial(image, chosen), channels), _spread(image, scales, int(np.prod(chosen[0]))))
    # Optional to the reference only where activations are int8.
    inputs = [image.index, kernel]
    if m.dtype == "int16" or m.chance(0.85):
        inputs.append(bias(m, image, scales, channels))
    table = depthwise_options(*chosen[1:3], chosen[3], multiplier, m.activation())
    return m.op("DEPTHWISE_CONV_2D", inputs, out, table)


def transpose_conv(m: Maker, image: Value) -> Value:
    """TRANSPOSE_CONV, to any size that its steps lead back from; the reference has it for int8."""
    if m.dtype == "int16":
        return pointwise(m, image)
    same, channels = m.chance(0.5), m.number(1, 5)
    size, stride = ((m.number(1, 4), m.number(1, 4)), (m.number(1, 3), m.number(1, 3)))
    ends = [m.number(0, s - 1) for s in stride]
    shape = tuple(
        n * s - e if same else (n - 1) * s + k + e
        for n, s, k, e in zip(image.shape[1:3], stride, size, ends, strict=True)
    )
    if int(np.prod(shape)) * channels > LARGEST:
        return pointwise(m, image)
    kernel, scales = weights(m, (channels, *size, image.shape[3]), 0)
    out = m.value((1, *shape, channels), _spread(image, scales, int(np.prod(size)) * image.shape[3]))
    inputs = [m.integers(out.shape), kernel, image.index]
    if m.chance(0.7):
        inputs.append(bias(m, image, scales, channels))
    table = options("TransposeConvOptions", m.activation(), padding=0 if same else 1, strideH=stride[0],
                    strideW=stride[1])  # fmt: skip
    return m.op("TRANSPOSE_CONV", inputs, out, table)


def padded_conv(m: Maker, image: Value) -> Value:
    layer = conv if m.chance(0.5) else depthwise
    return layer(m, padded(m, image, (1, 2), 2))


def padded(m: Maker, image: Value, axes: tuple[int, ...], most: int) -> Value:
    """PAD along some axes."""
    amounts = np.zeros((len(image.shape), 2), np.int32)
    amounts[list(axes)] = m.rng.integers(0, most + 1, (len(axes), 2))
    shape = tuple(int(d + a.sum()) for d, a in zip(image.shape, amounts, strict=True))
    out = m.like(shape, image)
    return m.op("PAD", [image.index, m.integers(amounts)], out, options("PadOptions"))


def dense(m: Maker, image: Value) -> Value:
    """A dense layer over everything, or over the last axis of each row."""
    by_row = m.chance(0.3)
    depth = image.shape[-1] if by_row else image.elements
    rows = image.elements // depth
    units = m.number(1, max(1, min(10, LARGEST // rows)))
    flat = image if by_row else m.reshaped(image, (1, depth))
    zero_point = m.number(-128, 127) if m.chance(0.2) else 0
    kernel, scales = weights(m, (units, depth), 0, zero_point)
    keep = by_row and m.chance(0.5)
    shape = (*flat.shape[:-1], units) if keep else (rows, units)
    out = m.value(shape, _spread(image, scales, depth) * (2 if zero_point else 1))
    table: Any = options("FullyConnectedOptions", m.activation(), weightsFormat=0, keepNumDims=keep)
    inputs = [flat.index, kernel, -1]
    if m.chance(0.8):
        short = m.dtype == "int16" and depth * 2**22 < 2**30 and zero_point == 0 and m.chance(0.3)
        if short:
            table.quantizedBiasType = 2
        inputs[2] = bias(m, image, scales, units, "int32" if short else "")
    return m.op("FULLY_CONNECTED", inputs, out, table)
