"""Random small networks of the supported operators, as .tflite bytes, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from support.tflite_writer import ModelWriter, conv_options, depthwise_options, options

_ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


@dataclass(frozen=True)
class _Value:
    """A tensor under construction."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int


class GraphMaker:
    """Appends random operators; every choice comes from one generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.writer = ModelWriter()
        shape = (1, self._int(1, 9), self._int(1, 9), self._int(1, 7))
        self.values = [self._activation(shape)]
        self.input = self.values[0]

    def _int(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def _pick(self, items: tuple[Any, ...]) -> Any:
        return items[self._int(0, len(items) - 1)]

    def _activation(self, shape: tuple[int, ...], like: _Value | None = None) -> _Value:
        scale = like.scale if like else float(np.float32(np.exp(self.rng.uniform(-5, 0))))
        zero_point = like.zero_point if like else int(self._pick((0, -128, 127, self._int(-128, 127))))
        return _Value(self.writer.tensor(shape, "int8", scale, zero_point), shape, scale, zero_point)

    def _weights(self, shape: tuple[int, ...], axis: int) -> tuple[int, np.ndarray[Any, Any]]:
        w = self.rng.integers(-127, 128, shape)
        if self.rng.random() < 0.2:
            w = np.where(self.rng.random(shape) < 0.5, -128, 127)
        n = shape[axis] if self.rng.random() < 0.7 else 1
        scales = np.exp(self.rng.uniform(-8, -3, n)).astype(np.float32)
        return self.writer.tensor(shape, "int8", scales.tolist(), 0, w.astype(np.int8), axis), scales

    def _bias(
        self, channels: int, image: _Value, scales: np.ndarray[Any, Any], optional: bool = False
    ) -> list[int]:
        if optional and self.rng.random() < 0.15:  # the reference insists on a bias for CONV_2D
            return []
        b = self.rng.integers(-3000, 3001, channels).astype(np.int32)
        scale = (np.float32(image.scale) * scales).tolist()
        return [self.writer.tensor((channels,), "int32", scale, 0, b)]

    def _window(self, image: _Value) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], bool]:
        same = bool(self.rng.random() < 0.6)
        dilation = (self._int(1, 2), self._int(1, 2)) if self.rng.random() < 0.2 else (1, 1)
        limit = [5 if same else (d - 1) // k + 1 for d, k in zip(image.shape[1:3], dilation, strict=True)]
        size = (self._int(1, min(5, limit[0])), self._int(1, min(5, limit[1])))
        stride = (self._int(1, 3), self._int(1, 3)) if self.rng.random() < 0.5 else (1, 1)
        if dilation != (1, 1):
            stride = (1, 1)
        return size, stride, dilation, same

    @staticmethod
    def _spatial(image: _Value, window: tuple[Any, ...]) -> tuple[int, int]:
        size, stride, dilation, same = window
        if same:
            return -(-image.shape[1] // stride[0]), -(-image.shape[2] // stride[1])
        extent = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
        return (image.shape[1] - extent[0]) // stride[0] + 1, (image.shape[2] - extent[1]) // stride[1] + 1

    def conv(self, image: _Value) -> _Value:
        channels = self._int(1, 9)
        window = self._window(image)
        weights, scales = self._weights((channels, *window[0], image.shape[3]), 0)
        out = self._activation((1, *self._spatial(image, window), channels))
        chosen = conv_options(window[1], window[2], window[3], self._pick(_ACTIVATIONS))
        inputs = [image.index, weights, *self._bias(channels, image, scales)]
        self.writer.op("CONV_2D", inputs, out.index, chosen)
        return out

    def pointwise(self, image: _Value) -> _Value:
        channels = self._int(1, 12)
        weights, scales = self._weights((channels, 1, 1, image.shape[3]), 0)
        out = self._activation((*image.shape[:3], channels))
        inputs = [image.index, weights, *self._bias(channels, image, scales)]
        self.writer.op(
            "CONV_2D", inputs, out.index, conv_options((1, 1), (1, 1), True, self._pick(_ACTIVATIONS))
        )
        return out

    def depthwise(self, image: _Value) -> _Value:
        multiplier = self._pick((1, 1, 1, 2, 3))
        channels = image.shape[3] * multiplier
        window = self._window(image)
        weights, scales = self._weights((1, *window[0], channels), 3)
        out = self._activation((1, *self._spatial(image, window), channels))
        chosen = depthwise_options(window[1], window[2], window[3], multiplier, self._pick(_ACTIVATIONS))
        inputs = [image.index, weights, *self._bias(channels, image, scales, optional=True)]
        self.writer.op("DEPTHWISE_CONV_2D", inputs, out.index, chosen)
        return out

    def add(self, image: _Value) -> _Value:
        same_shape = tuple(v for v in self.values if v.shape == image.shape)
        other = self._pick(same_shape)
        out = self._activation(image.shape)
        operands = [image.index, other.index]
        chosen = options("AddOptions", self._pick(_ACTIVATIONS), potScaleInt16=False)
        self.writer.op("ADD", operands, out.index, chosen)
        return out

    def padded_conv(self, image: _Value) -> _Value:
        amounts = np.zeros((4, 2), np.int32)
        amounts[1:3] = self.rng.integers(0, 3, (2, 2))
        shape = tuple(int(d + a.sum()) for d, a in zip(image.shape, amounts, strict=True))
        padded = self._activation(shape, like=image)
        self.writer.op("PAD", [image.index, self.writer.tensor((4, 2), "int32", data=amounts)], padded.index,
                       options("PadOptions"))  # fmt: skip
        return self._pick((self.conv, self.depthwise))(padded)

    def dense(self, image: _Value) -> _Value:
        depth, units = int(np.prod(image.shape)), self._int(1, 10)
        flat = self._activation((1, depth), like=image)
        shape = self.writer.tensor((2,), "int32", data=np.array([1, depth], np.int32))
        self.writer.op(
            "RESHAPE", [image.index, shape], flat.index, options("ReshapeOptions", newShape=[1, depth])
        )
        weights, scales = self._weights((units, depth), 0)
        out = self._activation((1, units))
        chosen = options(
            "FullyConnectedOptions", self._pick(_ACTIVATIONS), weightsFormat=0, keepNumDims=False
        )
        inputs = [flat.index, weights, *(self._bias(units, image, scales, optional=True) or [-1])]
        self.writer.op("FULLY_CONNECTED", inputs, out.index, chosen)
        return out


_IMAGE_OPS = ("conv", "pointwise", "depthwise", "add", "padded_conv")


def random_graph(seed: int, most: int = 6) -> bytes:
    """A network of 1 to `most` operators, sometimes ending in a dense layer."""
    maker = GraphMaker(seed)
    for _ in range(maker._int(1, most)):
        name = maker._pick(_IMAGE_OPS)
        maker.values.append(getattr(maker, name)(maker.values[-1]))
    if maker.rng.random() < 0.3:
        maker.values.append(maker.dense(maker.values[-1]))
    return maker.writer.finish([maker.input.index], [maker.values[-1].index])
