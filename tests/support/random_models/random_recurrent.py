"""Random LSTM layers as TensorFlow's converter writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.models.maker import Maker, Value
from support.models.tflite_writer import options

_TANH = 4


def lstm(m: Maker, image: Value) -> Value:
    """UNIDIRECTIONAL_SEQUENCE_LSTM over the last axis but one, either axis order, with and without a clip."""
    if m.dtype != "int8" or image.elements > 600:
        return image
    if len(image.shape) != 3:
        image = m.reshaped(image, (1, image.elements // image.shape[-1], image.shape[-1]))
    time_major = m.chance(0.5)
    if time_major and m.chance(0.7):
        image = m.reshaped(image, (image.shape[1], image.shape[0], image.shape[2]))
    out = lstm_layer(m, image, m.number(1, 9), time_major, clip=m.pick((0.0, 0.0, 0.7, 10.0)))
    return m.reshaped(out, (1, out.shape[0] * out.shape[1], out.shape[2]))


@dataclass(frozen=True)
class Gates:
    """What one gate adds up: weights (units, depth) of one scale, and biases (units)."""

    scale: float
    weights: NDArray[np.int8]
    biases: NDArray[np.int32]


def lstm_layer(
    m: Maker,
    image: Value,
    units: int,
    time_major: bool = False,
    gates: tuple[Gates, Gates, Gates, Gates] | None = None,
    cell_scale: float = 0.0,
    clip: float = 0.0,
) -> Value:
    """One layer with weights and states of its own, at random where they are not given."""
    batch = image.shape[1 if time_major else 0]
    step = float(np.float32(1 / m.number(100, 300)))
    out = m.quantized((*image.shape[:2], units), step, m.zero_point())
    drawn = gates or [_gates(m, image, units) for _ in range(4)]
    from_input = [m.writer.tensor(g.weights.shape, "int8", g.scale, data=g.weights) for g in drawn]
    biases = [m.writer.tensor((units,), "int32", image.scale * g.scale, data=g.biases) for g in drawn]
    from_state = [_constant(m, _weights(m, units, units, 0.3)) for _ in range(4)]
    states = [
        m.writer.tensor((batch, units), "int8", step, out.zero_point, variable=True),
        m.writer.tensor((batch, units), "int16", cell_scale or 2.0 ** -m.number(9, 15), variable=True),
    ]
    inner = [m.writer.tensor((1,), "int16", 2.0**-12) for _ in range(4)]
    inner.append(m.writer.tensor((1,), "int8", step, out.zero_point))
    inputs = [image.index, *from_input, *from_state, *(-1,) * 3, *biases, -1, -1, *states, *(-1,) * 4]
    m.writer.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, out.index, _options(clip, time_major), inner)
    return out


def _options(clip: float, time_major: bool) -> Any:
    table = options(
        "UnidirectionalSequenceLSTMOptions",
        cellClip=clip,
        projClip=0.0,
        timeMajor=time_major,
        asymmetricQuantizeInputs=False,
    )
    table.fusedActivationFunction = _TANH
    return table


def _gates(m: Maker, image: Value, units: int) -> Gates:
    scale, weights = _weights(m, units, image.shape[2], image.spread)
    biases = np.round(m.rng.normal(size=units) / (image.scale * scale))
    return Gates(scale, weights, np.clip(biases, -(2**24), 2**24).astype(np.int32))


def _weights(m: Maker, units: int, depth: int, spread: float) -> tuple[float, NDArray[np.int8]]:
    """Constants that bring inputs of this spread to sums of about 2."""
    scale = float(np.float32(2 / (spread * 70 * depth**0.5) * np.exp(m.rng.uniform(-1, 1))))
    return scale, m.numbers((units, depth), 128).astype(np.int8)


def _constant(m: Maker, drawn: tuple[float, NDArray[np.int8]]) -> int:
    scale, weights = drawn
    return m.writer.tensor(weights.shape, "int8", scale, data=weights)
