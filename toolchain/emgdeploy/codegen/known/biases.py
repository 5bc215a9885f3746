"""The biases of layers with weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.types import Graph, Op

# Option value that asks for 32-bit biases and accumulators of an int16 layer.
INT32_BIAS = 2


def biases(graph: Graph, op: Op, channels: int) -> NDArray[np.int64]:
    """The layer's biases, (channels,); zeros where it has none."""
    bias = graph.optional(op, 2)
    if bias is None or bias.data is None:
        return np.zeros(channels, np.int64)
    return bias.data.astype(np.int64).reshape(-1)
