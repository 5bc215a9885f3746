"""Single layers that stand on one side of a bound that a fast kernel relies on, and windows that reach it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.models.tflite_writer import ModelWriter, conv_options, depthwise_options, options

Integers = NDArray[np.int64]

# By kind of layer its window and inputs; windows of CONV_2D stand side by side, without overlapping.
_SHAPES = {"pointwise": (1, 1, 12), "conv": (3, 2, 5), "colour": (3, 3, 3), "winograd": (3, 3, 16)}
_CHANNELS, _PIXELS, _DEPTH, _WIDTH, _LINE = 8, 7, 40, 3, 9
_NOISY, _NOISY_BYTES = 60, 1 << 16


@dataclass
class _Numbers:
    """A layer's numbers: outputs of channel c are 2**-(shift[c] + 0.4) of their sums."""

    weights: Integers  # (channels, taps)
    bias: Integers
    shift: Integers
    zero_point: int = 3
    activation: str = "NONE"
    width: int = _WIDTH

    def end_at(self, channel: int, end: int, shift: int) -> None:
        """Let the channel's sums reach up to `end`, or down to it, and its outputs tell them apart."""
        sign = 1 if end > 0 else -1
        ends = np.where(sign * self.weights[channel] > 0, 127, -128) @ self.weights[channel]
        self.bias[channel], self.shift[channel] = end - ends, shift

    def small(self, channel: int, shift: int) -> None:
        """A channel whose sums are so small that outputs with so little of a shift do not saturate."""
        self.weights[channel] = np.sign(self.weights[channel]) * (np.arange(self.weights.shape[1]) % 3 == 0)
        self.bias[channel], self.shift[channel] = 0, shift


@dataclass(frozen=True)
class Edge:
    """A bound of a kernel: `kind` of layer, and by what the compiler is told to take it.

    flag: what model.c says where the kernel stays the same and only its form depends on the bound.
    """

    kernel: str
    kind: str
    bound: str
    isa: str = "dsp"
    mode: str = "speed"
    flag: str = ""

    def __str__(self) -> str:
        return f"{self.kernel} {self.kind} {self.bound}".replace(" ", "-")


@dataclass(frozen=True)
class EdgeLayer:
    """One side of an edge: a network and windows for it."""

    tflite: bytes
    x: NDArray[np.int8] = field(repr=False)


_ROUNDED = ("largest sum", "least sum", "smallest shift", "largest shift")
_PACKED = ("second sum", "second least sum", "halfword")
EDGES = (
    *(Edge("conv_dsp_s8", "pointwise", bound) for bound in (*_ROUNDED, *_PACKED)),
    *(Edge("conv_dsp_s8", "conv", bound, mode="memory") for bound in (*_ROUNDED, *_PACKED)),
    *(Edge("conv_rgb_dsp_s8", "colour", bound) for bound in (*_ROUNDED, *_PACKED)),
    *(
        Edge("conv_dsp_s8", "pointwise", bound, flag=".rectified = 1")
        for bound in ("rectified shift", "rectified sum")
    ),
    *(
        Edge("conv_winograd_s8", "winograd", bound)
        for bound in ("four largest sums", "four least sums", "smallest shift")
    ),
    *(Edge("depthwise_fast_s8", "depthwise", bound) for bound in _ROUNDED),
    *(Edge("depthwise_dsp_s8", "depthwise", bound, mode="memory") for bound in _ROUNDED),
    *(Edge("conv_pairs_s8", "conv", bound, "portable") for bound in _ROUNDED),
    *(Edge("depthwise_conv_s8", "line", bound, "portable", flag=".short_form = 1") for bound in _ROUNDED),
    *(Edge("depthwise_any_dsp_s8", "line", bound) for bound in _ROUNDED),
    *(Edge("fully_connected_dsp_s8", "dense", bound) for bound in ("unit shift", *_PACKED)),
    *(
        Edge(f"{kernel}_mve_s8", kernel, bound, "mve")
        for kernel in ("pointwise", "conv", "depthwise")
        for bound in ("smallest shift", "vector shift")
    ),
    *(Edge("depthwise_any_mve_s8", "line", bound, "mve") for bound in ("smallest shift", "vector shift")),
    Edge("depthwise_mve_s8", "depthwise", "line", "mve"),
    Edge("fully_connected_mve_s8", "dense", "unit shift", "mve"),
)


def edge_layer(edge: Edge, inside: bool, seed: int = 0) -> EdgeLayer:
    """A layer that the kernel may just still compute, or just not."""
    rng = np.random.default_rng(seed)
    taps = {"depthwise": 9, "line": _LINE, "dense": _DEPTH}.get(edge.kind) or int(np.prod(_SHAPES[edge.kind]))
    numbers = _Numbers(
        weights=rng.integers(-100, 101, (_CHANNELS, taps)),
        bias=rng.integers(-3000, 3001, _CHANNELS),
        shift=np.full(_CHANNELS, 8 + int(np.log2(taps)) // 2),
    )
    _put(numbers, edge.bound, 0 if inside else 1, rng)
    return EdgeLayer(_network(edge.kind, numbers), _windows(edge.kind, numbers, rng))


def _put(n: _Numbers, bound: str, beyond: int, rng: np.random.Generator) -> None:
    """Move the numbers to the bound, or `beyond` it by one."""
    if bound == "largest sum":
        n.end_at(2, 2**30 - 1 + beyond, 23)
    elif bound == "least sum":
        n.end_at(4, -(2**30 - 1 + beyond), 23)
    elif bound == "four largest sums":
        n.end_at(2, 2**29 - 1 + beyond, 22)
    elif bound == "four least sums":
        n.end_at(4, -(2**29 - 1 + beyond), 22)
    elif bound == "smallest shift":
        n.small(3, 1 - beyond)
    elif bound == "unit shift":
        n.small(3, 2 - beyond)
    elif bound == "largest shift":
        n.bias[2], n.shift[2] = rng.integers(2**28, 2**29), 23 + beyond
    elif bound == "vector shift":
        n.bias[2], n.shift[2] = 2**31 - 2**22, 31 + beyond
    elif bound == "second sum":
        n.end_at(1, 2**23 - 1 + beyond, 16)
    elif bound == "second least sum":
        n.end_at(5, -(2**23 - 1 + beyond), 16)
    elif bound == "halfword":
        n.weights[1, ::3], n.weights[0, ::3] = -128, 1 - beyond
    elif bound == "line":
        n.width = 2044 + beyond
    else:
        n.zero_point, n.activation = -128, "RELU"
        if bound == "rectified shift":
            n.bias[2], n.shift[2] = rng.integers(-(2**21), 2**21), 15 + beyond
        else:
            n.end_at(2, (2**29, 2**30 - 1)[beyond], 15)


def _network(kind: str, n: _Numbers) -> bytes:
    writer = ModelWriter()
    scales = (2.0 ** -(n.shift + 0.4)).astype(np.float32)
    window = _SHAPES.get(kind, (3, 3, _CHANNELS))
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
        "dense": ((1, _DEPTH), (_CHANNELS, _DEPTH), (1, _CHANNELS)),
        "depthwise": (
            (1, 3, n.width, _CHANNELS),
            (1, 3, 3, _CHANNELS),
            (1, 3, n.width, _CHANNELS),
        ),
        "winograd": ((1, 4, 6, 16), (_CHANNELS, 3, 3, 16), (1, 2, 4, _CHANNELS)),
        "line": ((1, 1, _LINE, _CHANNELS), (1, 1, _LINE, _CHANNELS), (1, 1, 1, _CHANNELS)),
    }
    conv = (1, window[0], _PIXELS * window[1], window[2]), (_CHANNELS, *window), (1, 1, _PIXELS, _CHANNELS)
    image_shape, weights_shape, out_shape = shapes.get(kind, conv)
    image = writer.tensor(image_shape, "int8", 1.0, 0)
    by_channel = kind in ("depthwise", "line")
    values = n.weights.T if by_channel else n.weights
    axis = 3 if by_channel else 0
    weights = writer.tensor(
        weights_shape, "int8", scales.tolist(), 0, values.reshape(weights_shape).astype(np.int8), axis
    )
    bias = writer.tensor((_CHANNELS,), "int32", scales.tolist(), 0, n.bias.astype(np.int32))
    out = writer.tensor(out_shape, "int8", 1.0, n.zero_point)
    operator, table = _operator(kind, window, n.activation)
    writer.op(operator, [image, weights, bias], out, table)
    return writer.finish([image], [out])


def _operator(kind: str, window: tuple[int, int, int], activation: str) -> tuple[str, Any]:
    if kind == "dense":
        return "FULLY_CONNECTED", options(
            "FullyConnectedOptions", activation, weightsFormat=0, keepNumDims=False
        )
    if kind in ("depthwise", "line"):
        return "DEPTHWISE_CONV_2D", depthwise_options((1, 1), (1, 1), kind == "depthwise", 1, activation)
    stride = (1, 1) if kind == "winograd" else window[:2]
    return "CONV_2D", conv_options(stride, (1, 1), False, activation)


def _windows(kind: str, n: _Numbers, rng: np.random.Generator) -> NDArray[np.int8]:
    """Inputs that take every channel's sum to both of its ends, others near them, and random ones."""
    exact: Integers
    ends = [np.where(sign * n.weights > 0, 127, -128) for sign in (1, -1)]
    patterns = np.stack(ends, 1)  # (channels, end, taps)
    if kind == "depthwise":
        exact = np.zeros((2, 3, n.width, _CHANNELS), np.int64)
        for column in range(n.width):
            exact[:, :, column] = patterns.reshape(_CHANNELS, 2, 3, 3)[:, :, :, column % 3].transpose(1, 2, 0)
    elif kind == "line":
        exact = patterns.transpose(1, 2, 0)[:, None]
    elif kind == "winograd":
        exact = rng.integers(-128, 128, (2 * _CHANNELS, 4, 6, 16))
        for i in range(2 * _CHANNELS):
            exact[i, i % 2 :, i % 4 :][:3, :3] = patterns.reshape(-1, 3, 3, 16)[i]
    elif kind == "dense":
        exact = np.asarray(patterns.reshape(-1, _DEPTH))
    else:
        height, width, depth = _SHAPES[kind]
        flat = np.resize(patterns.reshape(-1, height, width, depth), (3 * _PIXELS, height, width, depth))
        exact = flat.reshape(3, _PIXELS, height, width, depth).transpose(0, 2, 1, 3, 4)
        exact = exact.reshape(3, height, _PIXELS * width, depth)
    count = min(_NOISY, _NOISY_BYTES // exact[0].size)
    noisy = exact[rng.integers(0, len(exact), count)]
    share = rng.choice([0.02, 0.1, 1.0], (count,) + (1,) * (noisy.ndim - 1))
    noisy = np.where(rng.random(noisy.shape) < share, rng.integers(-128, 128, noisy.shape), noisy)
    return np.concatenate([exact, noisy]).astype(np.int8)
