"""Layers that several networks are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_FEW_PIXELS = 12


class Depthwise(nn.Conv2d):
    """A convolution without bias that filters each channel by itself; odd kernels keep the size at stride 1.

    While training, an image of fewer rows than the kernel is padded by itself: PyTorch's CPU kernel for the
    gradient of the weights takes twenty times as long and more where it has to pad one (benchmarks/training.py).
    """

    def __init__(self, channels: int, kernel: tuple[int, int], stride: int = 1) -> None:
        around = (kernel[0] // 2, kernel[1] // 2)
        super().__init__(channels, channels, kernel, stride, around, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, channels, H', W')."""
        if not self.training or x.shape[2] >= self.kernel_size[0]:
            return super().forward(x)
        rows, columns = self.kernel_size[0] // 2, self.kernel_size[1] // 2
        padded = functional.pad(x, (columns, columns, rows, rows))
        return functional.conv2d(padded, self.weight, stride=self.stride, groups=self.groups)


class Pointwise(nn.Conv2d):
    """A 1x1 convolution without bias. While training, a small image takes the matrix product that it is, which
    is up to 1.5 times as fast there as PyTorch's CPU kernel for convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        if not self.training or self.stride != (1, 1) or x.shape[2] * x.shape[3] > _FEW_PIXELS:
            return super().forward(x)
        y = functional.linear(x.permute(0, 2, 3, 1), self.weight.flatten(1))
        return y.permute(0, 3, 1, 2)


class ConvNorm(nn.Module):
    """A convolution without bias, its batch norm and, by default, a ReLU: one operator on the device.

    Odd kernels keep the image's size at stride 1 unless `padding` says otherwise. depthwise: each channel by
    itself, as many outputs as inputs.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        stride: int = 1,
        depthwise: bool = False,
        padding: tuple[int, int] | None = None,
        relu: bool = True,
    ) -> None:
        super().__init__()
        around = (kernel[0] // 2, kernel[1] // 2) if padding is None else padding
        self.conv: nn.Conv2d
        if depthwise:
            self.conv = Depthwise(inputs, kernel, stride)
        elif kernel == (1, 1):
            self.conv = Pointwise(inputs, outputs, stride)
        else:
            self.conv = nn.Conv2d(inputs, outputs, kernel, stride, around, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        y: Tensor = self.bn(self.conv(x))
        return torch.relu_(y) if self.relu else y


def raster(shape: tuple[int, int, int]) -> tuple[int, int]:
    """(electrodes, samples) of windows `shape`; ValueError where they are not one image over time."""
    if shape[0] != 1:
        raise ValueError('the network needs windows of one row for each electrode (layout = "raster")')
    return shape[1], shape[2]
