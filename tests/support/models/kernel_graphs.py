"""Single layers with the shapes and numbers that the fast kernels are made for, and just beyond them."""

from __future__ import annotations

from typing import Any

import numpy as np

from support.models.tflite_writer import ModelWriter, conv_options, depthwise_options, options

_ACTIVATIONS = ("NONE", "RELU", "RELU6")


class LayerMaker:
    """One layer from one seed. Outputs are scaled so that they use their range, as trained layers do."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.writer = ModelWriter()
        self.activation = str(self.rng.choice(_ACTIVATIONS))

    def pick(self, *items: int) -> int:
        return int(self.rng.choice(items))

    def conv(self, pointwise: bool, colour: bool = False) -> bytes:
        """CONV_2D with any number of pixels modulo two and channels modulo four; colour: 3 x 3 taps of three."""
        height, width = self.pick(1, 2, 3, 5, 8), self.pick(1, 2, 3, 4, 7)
        channels, outputs = self.pick(1, 3, 4, 8, 12, 20, 36), self.pick(1, 2, 3, 6, 8, 16)
        size = (1, 1) if pointwise else (self.pick(1, 2, 3), self.pick(1, 2, 3, 5))
        if colour:
            channels, size = 3, (3, 3)
        stride = (1, 1) if pointwise else (self.pick(1, 1, 2), self.pick(1, 1, 2))
        image = self._image((1, height, width, channels))
        weights, scales, accumulators = self._weights((outputs, *size, channels), 0)
        bias = self._bias(outputs, scales, accumulators)
        shape = (1, -(-height // stride[0]), -(-width // stride[1]), outputs)
        out = self._output(shape, scales, accumulators)
        self.writer.op(
            "CONV_2D", [image, weights, bias], out, conv_options(stride, (1, 1), True, self.activation)
        )
        return self.writer.finish([image], [out])

    def time(self) -> bytes:
        """CONV_2D along one axis of an image one pixel wide or high, with strides or dilation."""
        length, taps = self.pick(1, 5, 12, 23), self.pick(2, 3, 5)
        channels, outputs = self.pick(1, 3, 4, 6, 16), self.pick(1, 4, 6, 16)
        dilation = self.pick(1, 2, 5)
        stride = self.pick(1, 2, 3) if dilation == 1 else 1
        extent, same = (taps - 1) * dilation + 1, bool(self.rng.random() < 0.6)
        length += 0 if same else extent
        written = -(-(length if same else length - extent + 1) // stride)
        upright = self.rng.random() < 0.5

        def along(n: int) -> tuple[int, int]:
            return (n, 1) if upright else (1, n)

        image = self._image((1, *along(length), channels))
        weights, scales, accumulators = self._weights((outputs, *along(taps), channels), 0)
        bias = self._bias(outputs, scales, accumulators)
        out = self._output((1, *along(written), outputs), scales, accumulators)
        chosen = conv_options(along(stride), along(dilation), same, self.activation)
        self.writer.op("CONV_2D", [image, weights, bias], out, chosen)
        return self.writer.finish([image], [out])

    def winograd(self) -> bytes:
        """CONV_2D 3 x 3 over images that divide into tiles, with and without padding."""
        channels, outputs = self.pick(16, 32), self.pick(4, 8, 20)
        same = bool(self.rng.random() < 0.6)
        height, width = self.pick(2, 4, 8), self.pick(4, 8, 12)
        image = self._image((1, height + 2 * (not same), width + 2 * (not same), channels))
        weights, scales, accumulators = self._weights((outputs, 3, 3, channels), 0)
        bias = self._bias(outputs, scales, accumulators)
        out = self._output((1, height, width, outputs), scales, accumulators)
        chosen = conv_options((1, 1), (1, 1), same, self.activation)
        self.writer.op("CONV_2D", [image, weights, bias], out, chosen)
        return self.writer.finish([image], [out])

    def depthwise(self) -> bytes:
        """DEPTHWISE_CONV_2D 3 x 3 over lines shorter and longer than a block, and images too large at once."""
        height, width = self.pick(1, 2, 3, 4, 6, 9), self.pick(1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 40)
        channels, same = self.pick(4, 8, 12), height < 3 or width < 3 or bool(self.rng.random() < 0.7)
        stride = (self.pick(1, 1, 2), self.pick(1, 1, 2))
        image = self._image((1, height, width, channels))
        weights, scales, accumulators = self._weights((1, 3, 3, channels), 3)
        bias = self._bias(channels, scales, accumulators)
        shape = (
            (1, -(-height // stride[0]), -(-width // stride[1]), channels)
            if same
            else (1, (height - 3) // stride[0] + 1, (width - 3) // stride[1] + 1, channels)
        )
        out = self._output(shape, scales, accumulators)
        chosen = depthwise_options(stride, (1, 1), same, 1, self.activation)
        self.writer.op("DEPTHWISE_CONV_2D", [image, weights, bias], out, chosen)
        return self.writer.finish([image], [out])

    def window(self) -> bytes:
        """DEPTHWISE_CONV_2D of any window, stride, dilation and multiplier, lines of taps in one case of two."""
        channels, multiplier = self.pick(1, 3, 4, 6, 8, 9, 20), self.pick(1, 1, 2, 3)
        size = (self.pick(1, 2, 3, 4, 7), self.pick(1, 2, 5, 16))
        size = ((1, size[1]), (size[0], 1), size, size)[self.pick(0, 1, 2, 3)]
        dilation = (self.pick(1, 2, 3), self.pick(1, 2, 4)) if self.rng.random() < 0.3 else (1, 1)
        stride = (self.pick(1, 1, 2, 3), self.pick(1, 1, 2, 3)) if dilation == (1, 1) else (1, 1)
        same = bool(self.rng.random() < 0.6)
        extent = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
        height, width = (self.pick(0, 1, 4, 9) + (1 if same else e) for e in extent)
        image = self._image((1, height, width, channels))
        weights, scales, accumulators = self._weights((1, *size, channels * multiplier), 3)
        bias = self._bias(channels * multiplier, scales, accumulators)
        covered = (height, width) if same else (height - extent[0] + 1, width - extent[1] + 1)
        shape = (1, -(-covered[0] // stride[0]), -(-covered[1] // stride[1]), channels * multiplier)
        out = self._output(shape, scales, accumulators)
        chosen = depthwise_options(stride, dilation, same, multiplier, self.activation)
        self.writer.op("DEPTHWISE_CONV_2D", [image, weights, bias], out, chosen)
        return self.writer.finish([image], [out])

    def dense(self) -> bytes:
        """FULLY_CONNECTED, short and so long that the sums must be set aside."""
        depth, units = self.pick(1, 3, 8, 30, 64, 700, 2000), self.pick(1, 5, 8, 12, 16)
        image = self._image((1, depth))
        weights, scales, accumulators = self._weights((units, depth), 0)
        bias = self._bias(units, scales, accumulators)
        out = self._output((1, units), scales, accumulators)
        chosen = options("FullyConnectedOptions", self.activation, weightsFormat=0, keepNumDims=False)
        self.writer.op("FULLY_CONNECTED", [image, weights, bias], out, chosen)
        return self.writer.finish([image], [out])

    def add(self) -> bytes:
        """ADD of two images, of lengths with and without a rest."""
        self.activation = str(self.rng.choice(["NONE", "NONE", self.activation]))
        shape = (1, self.pick(1, 2, 3, 5), self.pick(1, 3, 4), self.pick(1, 3, 4, 16))
        a = self._image(shape)
        means = self.writer.tensor(shape, "int8", float(self.scale), self.zero_point)
        self.writer.op("AVERAGE_POOL_2D", [a], means, _pool())
        b = self._image(shape)
        self.writer.op("QUANTIZE", [means], b, options("QuantizeOptions"))
        scale = float(self.scale * np.exp(self.rng.uniform(-0.5, 1.5)))
        out = self.writer.tensor(shape, "int8", scale, self.pick(-128, 0, 17))
        self.writer.op("ADD", [a, b], out, options("AddOptions", self.activation, potScaleInt16=False))
        return self.writer.finish([a], [out])

    def _image(self, shape: tuple[int, ...]) -> int:
        self.zero_point = self.pick(-128, 0, 127, int(self.rng.integers(-128, 128)))
        self.scale = np.float32(np.exp(self.rng.uniform(-5, 0)))
        return self.writer.tensor(shape, "int8", float(self.scale), self.zero_point)

    def _weights(
        self, shape: tuple[int, ...], axis: int
    ) -> tuple[int, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        w = np.clip(np.round(self.rng.normal(0, 50, shape)), -127, 127)
        if self.rng.random() < 0.2:
            w = np.where(self.rng.random(shape) < 0.5, -127, 127)
        dead = self.rng.random(shape[axis]) < 0.1
        w = np.where(dead.reshape([-1 if i == axis else 1 for i in range(len(shape))]), 0, w)
        if self.rng.random() < 0.15:
            w = np.where(self.rng.random(shape) < 0.1, -128, w)
        scales = np.exp(self.rng.uniform(-8, -4, shape[axis])).astype(np.float32)
        others = tuple(i for i in range(len(shape)) if i != axis)
        spread = np.sqrt((w**2).sum(axis=others)) * 75 + 1
        return self.writer.tensor(shape, "int8", scales.tolist(), 0, w.astype(np.int8), axis), scales, spread

    def _bias(self, channels: int, scales: np.ndarray[Any, Any], spread: np.ndarray[Any, Any]) -> int:
        b = np.round(self.rng.normal(0, 1, channels) * spread).astype(np.int32)
        if self.rng.random() < 0.3:
            b[self.rng.integers(channels)] = self.rng.choice([-(2**30), 2**30, 2**23])
        return self.writer.tensor((channels,), "int32", (self.scale * scales).tolist(), 0, b)

    def _output(
        self, shape: tuple[int, ...], scales: np.ndarray[Any, Any], spread: np.ndarray[Any, Any]
    ) -> int:
        scale = float(np.median(self.scale * scales * spread) / 40 * np.exp(self.rng.uniform(-1, 1)))
        zero_point = -128 if self.activation != "NONE" and self.rng.random() < 0.7 else self.pick(0, -20, 100)
        return self.writer.tensor(shape, "int8", scale, zero_point)


def _pool() -> Any:
    size = {"filterHeight": 2, "filterWidth": 3, "strideH": 1, "strideW": 1, "padding": 0}
    return options("Pool2DOptions", "NONE", **size)


def layer(kind: str, seed: int) -> bytes:
    """A network of one layer: "pointwise", "conv", "colour", "time", "winograd", "depthwise", "window", "dense", or "add" after some others."""
    maker = LayerMaker(seed)
    if kind in ("pointwise", "conv", "colour"):
        return maker.conv(kind == "pointwise", kind == "colour")
    others = {
        "time": maker.time,
        "winograd": maker.winograd,
        "depthwise": maker.depthwise,
        "window": maker.window,
        "dense": maker.dense,
        "add": maker.add,
    }
    return others[kind]()
