"""A pointwise layer of three channels, a depthwise one, and a pointwise one that reads it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from support.models.tflite_writer import ModelWriter, conv_options, depthwise_options, options

_SIZE, _CHANNELS = (5, 4), 3
_ZERO_POINT = -7


@dataclass(frozen=True)
class SparseNet:
    """What is the case with the middle one of the three channels.

    `constant`: its weights are all 0, so that its value comes from its bias, `bias` steps above the
    zero point. `read`: the last layer has weights for it that are not 0. `same`: the depthwise
    layer's padding. `two_readers`: there is a second last layer, which always reads it.
    """

    constant: bool = True
    bias: int = 20
    activation: str = "NONE"
    same: bool = True
    read: bool = True
    two_readers: bool = False

    def tflite(self) -> bytes:
        """An int8 network; its input is (1, 5, 4, 2)."""
        model, rng = ModelWriter(), np.random.default_rng(1)
        x = model.tensor((1, *_SIZE, 2), scale=0.02, zero_point=-3)
        first = rng.integers(-90, 91, (_CHANNELS, 1, 1, 2), dtype=np.int8)
        first[1] *= not self.constant
        biases = np.array([9, 100 * self.bias, -5], np.int32)
        a = _conv(model, x, first, biases, _SIZE, self.activation)
        size = _SIZE if self.same else (_SIZE[0] - 2, _SIZE[1] - 2)
        b = _image(model, (*size, _CHANNELS))
        taps = rng.integers(1, 60, (1, 3, 3, _CHANNELS), dtype=np.int8)
        chosen = depthwise_options((1, 1), (1, 1), self.same, 1)
        model.op("DEPTHWISE_CONV_2D", [a, model.tensor(taps.shape, scale=0.005, data=taps)], b, chosen)
        last = rng.integers(1, 91, (2, 1, 1, _CHANNELS), dtype=np.int8)
        unread = last.copy()
        unread[..., 1] = 0
        y = _conv(model, b, last if self.read else unread, np.zeros(2, np.int32), size)
        if self.two_readers:
            both = _image(model, (*size, 4))
            other = _conv(model, b, last, np.zeros(2, np.int32), size)
            model.op("CONCATENATION", [y, other], both, options("ConcatenationOptions", "NONE", axis=3))
            y = both
        return model.finish([x], [y])


def _image(model: ModelWriter, shape: tuple[int, ...]) -> int:
    return model.tensor((1, *shape), scale=0.02, zero_point=_ZERO_POINT)


def _conv(
    model: ModelWriter,
    image: int,
    weights: NDArray[np.int8],
    biases: NDArray[np.int32],
    size: tuple[int, int],
    activation: str = "NONE",
) -> int:
    """A pointwise layer whose biases count hundredths of an output step."""
    inputs = [
        image,
        model.tensor(weights.shape, scale=0.01, data=weights),
        model.tensor(biases.shape, "int32", 0.0002, data=biases),
    ]
    out = _image(model, (*size, len(weights)))
    model.op("CONV_2D", inputs, out, conv_options((1, 1), (1, 1), True, activation))
    return out
