"""Random networks under construction: one generator decides everything, one writer collects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.models.tflite_writer import ModelWriter, options

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
LIMITS = {"int8": 128, "int16": 32768}
# The most elements a tensor of a random network may have.
LARGEST = 3000


@dataclass(frozen=True)
class Value:
    """A quantized tensor under construction."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    dtype: str = "int8"

    @property
    def spread(self) -> float:
        """A guess at the standard deviation of the real numbers it holds."""
        return self.scale * LIMITS[self.dtype] / 3

    @property
    def elements(self) -> int:
        return int(np.prod(self.shape))


class Maker:
    """Appends operators to a network; `values` are the tensors that later ones may read.

    In a `sparse` one many weights of a channel are all 0, and many channels are read by nobody.
    """

    def __init__(self, seed: int, dtype: str = "int8", sparse: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.writer = ModelWriter()
        self.dtype = dtype
        self.sparse = sparse
        self.values: list[Value] = []

    def number(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, items: Any) -> Any:
        return items[self.number(0, len(items) - 1)]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def activation(self) -> str:
        return str(self.pick(ACTIVATIONS))

    def scale(self, spread: float | None = None) -> float:
        """A scale at random, or one that numbers of this spread roughly fill."""
        if spread is None:
            return float(np.float32(np.exp(self.rng.uniform(-5, 0)) * 128 / LIMITS[self.dtype]))
        fit = 3 * spread / LIMITS[self.dtype] * np.exp(self.rng.uniform(-1, 1))
        return float(np.float32(np.clip(fit, 1e-8, 1e6)))

    def zero_point(self) -> int:
        return 0 if self.dtype == "int16" else int(self.pick((0, -128, 127, self.number(-128, 127))))

    def value(self, shape: tuple[int, ...], spread: float | None = None) -> Value:
        """A new activation tensor whose scale suits numbers of this spread."""
        return self.quantized(shape, self.scale(spread), self.zero_point())

    def like(self, shape: tuple[int, ...], other: Value) -> Value:
        """A new activation tensor with another's quantization."""
        return self.quantized(shape, other.scale, other.zero_point)

    def quantized(self, shape: tuple[int, ...], scale: float, zero_point: int) -> Value:
        index = self.writer.tensor(shape, self.dtype, scale, zero_point)
        return Value(index, shape, scale, zero_point, self.dtype)

    def numbers(self, shape: tuple[int, ...], limit: int) -> NDArray[Any]:
        """Random integers from -limit to limit - 1, sometimes only the two ends."""
        if self.chance(0.2):
            return np.where(self.rng.random(shape) < 0.5, -limit, limit - 1)
        return self.rng.integers(-limit, limit, shape)

    def constant(self, shape: tuple[int, ...], spread: float, dtype: str | None = None) -> Value:
        """A quantized constant of the network's type (or another) that holds random numbers."""
        kind = dtype or self.dtype
        scale = float(np.float32(3 * spread / LIMITS[kind] * np.exp(self.rng.uniform(-1, 1))))
        zero_point = self.number(-128, 127) if kind == "int8" and self.chance(0.5) else 0
        data = self.numbers(shape, LIMITS[kind])
        index = self.writer.tensor(shape, kind, scale, zero_point, data)
        return Value(index, shape, scale, zero_point, kind)

    def constant_like(self, shape: tuple[int, ...], other: Value) -> Value:
        """A constant of random numbers with another's quantization."""
        data = self.numbers(shape, LIMITS[other.dtype])
        index = self.writer.tensor(shape, other.dtype, other.scale, other.zero_point, data)
        return Value(index, shape, other.scale, other.zero_point, other.dtype)

    def integers(self, numbers: Any) -> int:
        """An int32 constant: axes, sizes, amounts."""
        data = np.asarray(numbers, np.int32)
        return self.writer.tensor(data.shape, "int32", data=data)

    def op(self, kind: str, inputs: list[int], out: Value, chosen: Any = None) -> Value:
        self.writer.op(kind, inputs, out.index, chosen)
        return out

    def several(self, kind: str, inputs: list[int], outs: list[Value], chosen: Any = None) -> list[Value]:
        """An operator of several outputs."""
        self.writer.op(kind, inputs, [out.index for out in outs], chosen)
        return outs

    def reshaped(self, image: Value, shape: tuple[int, ...]) -> Value:
        """RESHAPE with its sizes as an input."""
        out = self.like(shape, image)
        return self.op("RESHAPE", [image.index, self.integers(shape)], out,
                       options("ReshapeOptions", newShape=list(shape)))  # fmt: skip
