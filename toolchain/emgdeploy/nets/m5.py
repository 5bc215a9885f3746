"""M5, the published small 1-D CNN: 20 samples of 192 electrodes, one after another, as one long column.

Layer sizes after the published checkpoint and its project's description: a convolution of 16 with stride 16,
two of 3, max pooling by 2 after the first two, an average over what is left, one linear layer. The name is
from Dai et al., "Very deep convolutional neural networks for raw waveforms", ICASSP 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

SAMPLES = 3840


@dataclass(frozen=True)
class M5Config:
    """What fixes the network: the number of classes and the length of the column."""

    classes: int = 7
    samples: int = SAMPLES


class M5(nn.Module):
    """Columns (N, 1, samples, 1) float32 -> logits (N, classes) float32."""

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
        return (1, self.config.samples, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, samples, 1) -> (N, classes)."""
        y: Tensor = self.pool(torch.relu(self.conv1(x)))
        y = self.pool(torch.relu(self.conv2(y)))
        y = torch.relu(self.conv3(y))
        logits: Tensor = self.fc(y.mean(dim=(2, 3)))
        return logits
