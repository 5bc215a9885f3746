"""M5, the published small 1-D CNN: 20 samples of 192 electrodes, one after another, as one long column.

Layer sizes after the published checkpoint and its project's description: a convolution of 16 with stride 16,
two of 3, max pooling by 2 after the first two, an average over what is left, one linear layer. The name is
from Dai et al., "Very deep convolutional neural networks for raw waveforms", ICASSP 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

SAMPLES = 3840
# The convolutions and pools need this much to leave one value.
_LEAST = 240


@dataclass(frozen=True)
class M5Config:
    """What fixes the network: the number of classes and the window (C, H, W) that is read as one column."""

    classes: int = 7
    window: tuple[int, int, int] = (1, SAMPLES, 1)

    def __post_init__(self) -> None:
        if prod(self.window) < _LEAST:
            raise ValueError(f"M5 needs windows of at least {_LEAST} values")

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> M5Config:
        """For windows of `shape` (C, H, W). It has one width."""
        return cls(classes, shape)


class M5(nn.Module):
    """Windows (N, *window) float32, read as columns -> logits (N, classes) float32."""

    def __init__(self, config: M5Config) -> None:
        super().__init__()
        self.config = config
        self.conv1 = nn.Conv2d(1, 16, (16, 1), stride=(16, 1))
        self.conv2 = nn.Conv2d(16, 16, (3, 1))
        self.conv3 = nn.Conv2d(16, 32, (3, 1))
        self.pool = nn.MaxPool2d((2, 1))
        self.fc = nn.Linear(32, config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return self.config.window

    def forward(self, x: Tensor) -> Tensor:
        """(N, *window) -> (N, classes): the first image whole, then the next."""
        x = x.reshape(-1, 1, prod(self.config.window), 1)
        y: Tensor = self.pool(torch.relu(self.conv1(x)))
        y = self.pool(torch.relu(self.conv2(y)))
        y = torch.relu(self.conv3(y))
        logits: Tensor = self.fc(y.mean(dim=(2, 3)))
        return logits
