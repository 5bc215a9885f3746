"""Windows of a few electrodes over time, seen as one image: electrodes by samples.

A `stacked` window is (samples, rows, columns) to PyTorch and (rows, columns, samples) in the device's memory.
The image (1, electrodes, samples) is the same bytes there: making it moves nothing.
"""

from __future__ import annotations

from torch import Tensor


def time_image(x: Tensor) -> Tensor:
    """(N, samples, rows, columns) -> (N, 1, rows * columns, samples)."""
    samples, rows, columns = x.shape[1:]
    return x.permute(0, 2, 3, 1).reshape(-1, 1, rows * columns, samples)


def is_over_time(shape: tuple[int, int, int]) -> bool:
    """Whether windows (C, H, W) are a single row or ring of electrodes over time: there the image is in time."""
    return shape[0] > 1 and 1 in shape[1:]
