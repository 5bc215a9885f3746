"""What a window sees of an image at each of its places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emgdeploy.graph.types import Window

Ints = NDArray[np.int64]


def patches(image: Ints, window: Window, outside: int = 0) -> Ints:
    """(places, taps, channels) of an image (1, height, width, channels), `outside` around it."""
    p = window.padding
    around = ((p.top, p.bottom), (p.left, p.right), (0, 0))
    padded = np.pad(image[0], around, constant_values=outside)
    rows = _indices(padded.shape[0], window, 0)
    columns = _indices(padded.shape[1], window, 1)
    seen = padded[rows[:, None, :, None], columns[None, :, None, :]]
    return seen.reshape(rows.shape[0] * columns.shape[0], -1, image.shape[3])


def _indices(size: int, window: Window, axis: int) -> Ints:
    """(places, taps) along one axis."""
    stride, dilation = window.stride[axis], window.dilation[axis]
    extent = (window.size[axis] - 1) * dilation + 1
    starts = np.arange(0, size - extent + 1, stride, dtype=np.int64)
    return starts[:, None] + np.arange(window.size[axis], dtype=np.int64) * dilation
