"""MobileNetV2 for electrode-grid images, with the parameter names of the published HD-sEMG checkpoints.

The architecture is Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018,
in the form that small images need (first layer and second stage with stride 1, plain ReLU, a shortcut with
its own convolution where stride 1 changes the channel count) and, as the published HD-sEMG project has it,
with the last feature map flattened in channel-major order instead of averaged. The width scales only the
expansion of the blocks: int(6 * width), at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emgdeploy.nets.layers import Depthwise, Pointwise

# (output channels, blocks, stride of the first block, expanded), Sandler et al. table 2.
_STAGES = (
    (16, 1, 1, False),
    (24, 2, 1, True),
    (32, 3, 2, True),
    (64, 4, 2, True),
    (96, 3, 1, True),
    (160, 3, 2, True),
    (320, 1, 1, True),
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
_HALVINGS = sum(1 for _, _, stride, _ in _STAGES if stride == 2)


@dataclass(frozen=True)
class MobileNetV2Config:
    """What fixes the network: input (channels, *grid), the number of classes and the expansion."""

    classes: int
    channels: int = 1
    grid: tuple[int, int] = (8, 24)
    expansion: int = 1

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> MobileNetV2Config:
        """For windows of `shape` (C, H, W), with the published `model_width`."""
        return cls(classes, shape[0], (shape[1], shape[2]), expansion_of(width))


def expansion_of(width: float) -> int:
    """The expansion factor that the published `model_width` stands for."""
    return max(1, int(6 * width))


def final_grid(grid: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns left before the classifier: every stride-2 block halves, rounding up."""
    rows, columns = grid
    for _ in range(_HALVINGS):
        rows, columns = -(-rows // 2), -(-columns // 2)
    return rows, columns


class InvertedResidual(nn.Module):
    """Expand with 1x1, filter each channel with 3x3, project with 1x1; add the input where stride is 1."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.conv1 = Pointwise(inputs, hidden)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv2 = Depthwise(hidden, (3, 3), stride)
        self.bn2 = nn.BatchNorm2d(hidden)
        self.conv3 = Pointwise(hidden, outputs)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.residual = stride == 1
        self.shortcut = nn.Sequential()
        if self.residual and inputs != outputs:
            self.shortcut = nn.Sequential(Pointwise(inputs, outputs), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ceil(H / stride), ceil(W / stride))."""
        # In place: a batch norm needs what went in, not what came out.
        y: Tensor = torch.relu_(self.bn1(self.conv1(x)))
        y = torch.relu_(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return y + self.shortcut(x) if self.residual else y


class MobileNetV2(nn.Module):
    """Images (N, channels, *grid) float32 -> logits (N, classes) float32."""

    def __init__(self, config: MobileNetV2Config) -> None:
        super().__init__()
        self.config = config
        self.conv1 = nn.Conv2d(config.channels, STEM_CHANNELS, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM_CHANNELS)
        self.layers = nn.Sequential(*_blocks(config.expansion))
        self.conv2 = Pointwise(_STAGES[-1][0], HEAD_CHANNELS)
        self.bn2 = nn.BatchNorm2d(HEAD_CHANNELS)
        rows, columns = final_grid(config.grid)
        self.linear = nn.Linear(HEAD_CHANNELS * rows * columns, config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return (self.config.channels, *self.config.grid)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, *grid) -> (N, classes)."""
        y = torch.relu_(self.bn1(self.conv1(x)))
        y = self.layers(y)
        y = torch.relu_(self.bn2(self.conv2(y)))
        logits: Tensor = self.linear(torch.flatten(y, 1))
        return logits


def _blocks(expansion: int) -> list[InvertedResidual]:
    blocks = []
    inputs = STEM_CHANNELS
    for outputs, count, first_stride, expanded in _STAGES:
        for index in range(count):
            stride = first_stride if index == 0 else 1
            blocks.append(InvertedResidual(inputs, outputs, expansion if expanded else 1, stride))
            inputs = outputs
    return blocks
