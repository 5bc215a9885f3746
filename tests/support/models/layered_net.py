"""A small network with something of everything that moves a layer's name: folded, fused, in place, a table."""

from __future__ import annotations

import numpy as np

from support.models.tflite_writer import ModelWriter, conv_options, depthwise_options, options

_SIZE = (6, 6)


def layered_tflite() -> bytes:
    """Input (1, 6, 6, 2), output (1, 3): PAD into a convolution, RELU into an ADD, and five layers more."""
    m, rng = ModelWriter(), np.random.default_rng(4)

    def image(name: str, channels: int, size: tuple[int, ...] = _SIZE) -> int:
        return m.tensor((1, *size, channels), scale=0.03, zero_point=-9, name=name)

    def weights(*shape: int) -> int:
        return m.tensor(shape, scale=0.01, data=rng.integers(-127, 128, shape, dtype=np.int8))

    def conv(name: str, source: int, kernel: int, activation: str, inputs: int) -> int:
        out = image(name, 4)
        chosen = conv_options((1, 1), (1, 1), same=False, activation=activation)
        bias = m.tensor((4,), "int32", scale=0.0003, data=rng.integers(-900, 900, 4, dtype=np.int32))
        m.op("CONV_2D", [source, weights(4, kernel, kernel, inputs), bias], out, chosen)
        return out

    x = image("window", 2)
    padded = image("padded", 2, (8, 8))
    amounts = m.tensor((4, 2), "int32", data=np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    m.op("PAD", [x, amounts], padded, options("PadOptions"))
    first = conv("first", padded, 3, "RELU", 2)
    deep = image("deep", 4)
    m.op("DEPTHWISE_CONV_2D", [first, weights(1, 3, 3, 4)], deep, depthwise_options((1, 1), (1, 1), True, 1))
    point = conv("point", deep, 1, "NONE", 4)
    plain, joined = image("plain sum", 4), image("sum", 4)
    m.op("ADD", [first, point], plain, options("AddOptions", "NONE", potScaleInt16=False))
    m.op("RELU", [plain], joined)
    mean = m.tensor((1, 4), scale=0.02, zero_point=4, name="mean")
    axes = m.tensor((2,), "int32", data=np.array([1, 2], np.int32))
    m.op("MEAN", [joined, axes], mean, options("ReducerOptions", keepDims=False))
    logits = m.tensor((1, 3), scale=0.02, zero_point=0, name="logits")
    zeros = m.tensor((3,), "int32", scale=0.0002, data=np.zeros(3, np.int32))
    chosen = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    m.op("FULLY_CONNECTED", [mean, weights(3, 4), zeros], logits, chosen)
    y = m.tensor((1, 3), scale=1 / 256, zero_point=-128, name="shares")
    m.op("SOFTMAX", [logits], y, options("SoftmaxOptions", beta=1.0))
    return m.finish([x], [y])
