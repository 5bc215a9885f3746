"""Layers that several networks are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """A convolution without bias, its batch norm and, by default, a ReLU: one operator on the device.

    Odd kernels keep the image's size at stride 1 unless `padding` says otherwise.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        stride: int = 1,
        groups: int = 1,
        padding: tuple[int, int] | None = None,
        relu: bool = True,
    ) -> None:
        super().__init__()
        around = (kernel[0] // 2, kernel[1] // 2) if padding is None else padding
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, around, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        y: Tensor = self.bn(self.conv(x))
        return torch.relu(y) if self.relu else y


def raster(shape: tuple[int, int, int]) -> tuple[int, int]:
    """(electrodes, samples) of windows `shape`; ValueError where they are not one image over time."""
    if shape[0] != 1:
        raise ValueError('the network needs windows of one row for each electrode (layout = "raster")')
    return shape[1], shape[2]
