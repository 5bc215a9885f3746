"""A small convolutional network for electrode grids: features of neighbours, each at its place.

Gesture shows in where muscles are active, so nothing is averaged over the image: every place keeps its own
weights in the last layer, as in the linear classifiers that small grids are usually given to. The separable
convolutions are those of Howard et al., "MobileNets", 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from emgdeploy.nets.layers import ConvNorm

FILTERS = 8
DROPOUT = 0.2


@dataclass(frozen=True)
class GridNetConfig:
    """classes; window: (C, H, W) of a window; filters: channels of the convolutions."""

    classes: int
    window: tuple[int, int, int]
    filters: int = FILTERS

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> GridNetConfig:
        """For windows of `shape`; the width scales the filters, of which there are 4 at least."""
        return cls(classes, shape, max(4, 4 * round(FILTERS * width / 4)))


class GridNet(nn.Module):
    """Windows (N, *window) float32 -> logits (N, classes) float32."""

    def __init__(self, config: GridNetConfig) -> None:
        super().__init__()
        self.config = config
        channels, rows, columns = config.window
        self.stem = ConvNorm(channels, config.filters, (3, 3))
        self.depthwise = ConvNorm(config.filters, config.filters, (3, 3), depthwise=True)
        self.pointwise = ConvNorm(config.filters, config.filters, (1, 1))
        self.dropout = nn.Dropout(DROPOUT)
        self.linear = nn.Linear(config.filters * rows * columns, config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return self.config.window

    def forward(self, x: Tensor) -> Tensor:
        """(N, *window) -> (N, classes)."""
        y = self.pointwise(self.depthwise(self.stem(x)))
        logits: Tensor = self.linear(self.dropout(y.flatten(1)))
        return logits
