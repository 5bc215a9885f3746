"""BandNet, for rings and rows of a few electrodes over time: learned frequency bands, their strength, the mix.

Raw sEMG oscillates around zero, and a gesture shows in how strong which band is under which electrode. So:
temporal filters shared by all electrodes; neighbouring electrodes filtered together (optional); ReLU and a mean
over four samples, which make envelopes; one convolution over all electrodes at once; a residual block along
what is left of time; the mean; one linear layer. Dropout takes whole channels, because neighbours in a channel
say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emgdeploy.nets.layers import ConvNorm, raster

CHANNELS = 128
ENVELOPE = 4
DROPOUT = 0.2
HEAD_DROPOUT = 0.3
_BAND_TAPS = 9


@dataclass(frozen=True)
class BandNetConfig:
    """classes; grid: a window's electrodes and samples; filters: bands for each electrode; neighbours: whether adjacent electrodes are filtered together, which is most of the work."""

    classes: int
    grid: tuple[int, int] = (8, 32)
    filters: int = 24
    neighbours: bool = True

    def __post_init__(self) -> None:
        if self.grid[1] < ENVELOPE:
            raise ValueError(f"BandNet needs windows of at least {ENVELOPE} samples")

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> BandNetConfig:
        """For windows of `shape` (1, electrodes, samples); the width scales the number of bands."""
        filters = max(1, round(24 * width))
        return cls(classes, raster(shape), filters)

    @classmethod
    def suited_small(cls, shape: tuple[int, int, int], classes: int, width: float) -> BandNetConfig:
        """The same without looking at neighbours first: a sixth of the work."""
        filters = max(1, round(16 * width))
        return cls(classes, raster(shape), filters, neighbours=False)


class BandNet(nn.Module):
    """Windows (N, 1, *grid) float32 -> logits (N, classes) float32."""

    def __init__(self, config: BandNetConfig) -> None:
        super().__init__()
        self.config = config
        bands, electrodes = config.filters, config.grid[0]
        self.bands = ConvNorm(1, bands, (1, _BAND_TAPS))
        self.neighbours = ConvNorm(bands, bands, (3, 3)) if config.neighbours else nn.Identity()
        self.envelope = nn.AvgPool2d((1, ENVELOPE))
        self.dropout = nn.Dropout2d(DROPOUT)
        self.mix = ConvNorm(bands, CHANNELS, (electrodes, 1), padding=(0, 0))
        self.block = nn.Sequential(
            ConvNorm(CHANNELS, CHANNELS, (1, 3), depthwise=True),
            ConvNorm(CHANNELS, CHANNELS, (1, 1), relu=False),
        )
        self.head_dropout = nn.Dropout(HEAD_DROPOUT)
        self.linear = nn.Linear(CHANNELS, config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return (1, *self.config.grid)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, *grid) -> (N, classes)."""
        y: Tensor = self.envelope(self.neighbours(self.bands(x)))
        y = self.dropout(self.mix(self.dropout(y)))
        y = torch.relu(y + self.block(y))
        logits: Tensor = self.linear(self.head_dropout(y.mean(dim=(2, 3))))
        return logits
