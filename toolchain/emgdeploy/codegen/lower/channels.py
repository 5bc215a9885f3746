"""The per-channel constants that convolutions and dense layers share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen.known.biases import biases
from emgdeploy.codegen.step import Array, Field
from emgdeploy.errors import InputError
from emgdeploy.graph.numerics import Multiplier, activation_range
from emgdeploy.graph.types import Graph, Op

_LARGEST_LEFT_SHIFT = 30


@dataclass(frozen=True)
class Channels:
    """Folded biases and multipliers, (channels,) each, with the output's range."""

    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    shift: NDArray[np.int8]
    zero_point: int
    low: int
    high: int

    @property
    def rectified(self) -> bool:
        """Whether every negative accumulator ends at the lower limit, however it is rounded."""
        return self.low >= self.zero_point

    def arrays(self, index: int) -> tuple[Array, ...]:
        return (
            Array(f"bias_{index}", "int32_t", self.bias),
            Array(f"multiplier_{index}", "int32_t", self.multiplier),
            Array(f"shift_{index}", "int8_t", self.shift),
        )

    def field(self, index: int, bias: str | None = None) -> Field:
        """The struct member; `bias` replaces the array for kernels that keep it elsewhere."""
        return Field(
            "channels",
            (
                Field("bias", bias or f"bias_{index}"),
                Field("multiplier", f"multiplier_{index}"),
                Field("shift", f"shift_{index}"),
                Field("zero_point", self.zero_point),
                Field("low", self.low),
                Field("high", self.high),
            ),
        )


def fold_channels(
    graph: Graph,
    op: Op,
    weights: NDArray[np.int64],
    multipliers: list[Multiplier],
) -> Channels:
    """Constants of an int8 layer; `weights` is (out_channels, taps).

    The input's zero point moves into the bias. Raises InputError when the output is scaled up
    beyond what the reference defines.
    """
    moved = graph.tensors[op.inputs[0]].q.zero_point * weights.sum(axis=1)
    return channels_of(graph, op, multipliers, moved)


def channels_of(
    graph: Graph, op: Op, multipliers: list[Multiplier], moved: NDArray[np.int64] | int = 0
) -> Channels:
    """The same with `moved`, (out_channels,), taken off the biases: what the kernel adds for its zero point."""
    out = graph.out(op)
    if max(m.shift for m in multipliers) > _LARGEST_LEFT_SHIFT:
        raise InputError(
            f"{graph.where(op)} scales its output up by more than 2^{_LARGEST_LEFT_SHIFT}",
            "quantize the model again with calibration windows that cover its real range",
        )
    low, high = activation_range(op.activation, out)
    return Channels(
        bias=(biases(graph, op, len(multipliers)) - moved).astype(np.int32),
        multiplier=np.array([m.mantissa for m in multipliers], np.int32),
        shift=np.array([m.shift for m in multipliers], np.int8),
        zero_point=out.q.zero_point,
        low=low,
        high=high,
    )


def accumulator_bounds(graph: Graph, op: Op, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest magnitude each channel's accumulator can reach at any step, (out_channels,).

    It covers the reference's sum over x - zero_point and ours over x with the zero point folded
    in. Raises InputError when one could leave int32, as the reference defines no result then.
    """
    image = graph.tensors[op.inputs[0]]
    magnitude = np.abs(weights).sum(axis=1)
    bounds = np.abs(biases(graph, op, weights.shape[0])) + (2 * abs(image.q.zero_point) + 128) * magnitude
    worst = int(bounds.max(initial=0))
    if worst >= 2**31:
        raise InputError(
            f"{graph.where(op)} can overflow its 32-bit accumulator (up to {worst})",
            "check the biases of that layer; a weight scale close to 0 makes them explode",
        )
    return np.asarray(bounds)
