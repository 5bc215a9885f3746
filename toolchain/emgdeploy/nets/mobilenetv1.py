"""MobileNetV1 for electrode-grid images.

The architecture is Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", 2017, table 1: a 3x3 convolution, then pairs of a depthwise 3x3 and a pointwise convolution,
each with batch norm and ReLU, the mean over the image, one linear layer. Grids are small, so only three of
its five halvings are kept. The width scales every channel count, as in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from emgdeploy.nets.layers import ConvNorm

STEM_CHANNELS = 32
# (output channels, stride of the depthwise convolution), Howard et al. table 1.
_PAIRS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 1), (1024, 1))
_HUNDREDTHS = 100


@dataclass(frozen=True)
class MobileNetV1Config:
    """classes; input (channels, *grid); percent: the width, in hundredths."""

    classes: int
    channels: int = 1
    grid: tuple[int, int] = (8, 24)
    percent: int = 25

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> MobileNetV1Config:
        """For windows of `shape` (C, H, W)."""
        percent = max(1, round(_HUNDREDTHS * width))
        return cls(classes, shape[0], (shape[1], shape[2]), percent)


class MobileNetV1(nn.Module):
    """Images (N, channels, *grid) float32 -> logits (N, classes) float32."""

    def __init__(self, config: MobileNetV1Config) -> None:
        super().__init__()
        self.config = config
        width = _scaled(STEM_CHANNELS, config)
        self.stem = ConvNorm(config.channels, width, (3, 3))
        layers: list[nn.Module] = []
        for channels, stride in _PAIRS:
            outputs = _scaled(channels, config)
            layers.append(ConvNorm(width, width, (3, 3), stride, depthwise=True))
            layers.append(ConvNorm(width, outputs, (1, 1)))
            width = outputs
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(width, config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return (self.config.channels, *self.config.grid)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, *grid) -> (N, classes)."""
        y: Tensor = self.layers(self.stem(x))
        logits: Tensor = self.linear(y.mean(dim=(2, 3)))
        return logits


def _scaled(channels: int, config: MobileNetV1Config) -> int:
    """At least 8, so that no stage of a narrow network starves."""
    return max(8, channels * config.percent // _HUNDREDTHS)
