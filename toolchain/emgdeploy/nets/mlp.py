"""A multilayer perceptron: one hidden layer on an image, the smallest network that is not linear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

HIDDEN = 64
DROPOUT = 0.2


@dataclass(frozen=True)
class MlpConfig:
    """classes; window: (C, H, W) of a window; filters: units of the hidden layer."""

    classes: int
    window: tuple[int, int, int]
    filters: int = HIDDEN

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> MlpConfig:
        """For windows of `shape`; the width scales the hidden layer."""
        return cls(classes, shape, max(1, round(HIDDEN * width)))


class Mlp(nn.Module):
    """Windows (N, *window) float32 -> logits (N, classes) float32."""

    def __init__(self, config: MlpConfig) -> None:
        super().__init__()
        self.config = config
        self.hidden = nn.Linear(int(np.prod(config.window)), config.filters)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(DROPOUT)
        self.linear = nn.Linear(config.filters, config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return self.config.window

    def forward(self, x: Tensor) -> Tensor:
        """(N, *window) -> (N, classes)."""
        logits: Tensor = self.linear(self.dropout(self.relu(self.hidden(x.flatten(1)))))
        return logits
