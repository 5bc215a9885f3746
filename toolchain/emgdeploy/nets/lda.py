"""LDA as a network: one linear layer on an image of amplitudes, solved and not trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emgdeploy.nets import discriminant


@dataclass(frozen=True)
class LdaConfig:
    """classes; window: (C, H, W) of a window."""

    classes: int
    window: tuple[int, int, int]

    @classmethod
    def suited(cls, shape: tuple[int, int, int], classes: int, width: float) -> LdaConfig:
        """For windows of `shape`; there is nothing for the width to scale."""
        return cls(classes, shape)


class Lda(nn.Module):
    """Windows (N, *window) float32 -> logits (N, classes) float32."""

    def __init__(self, config: LdaConfig) -> None:
        super().__init__()
        self.config = config
        self.linear = nn.Linear(int(np.prod(config.window)), config.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        return self.config.window

    def solve(self, x: NDArray[np.float32], y: NDArray[np.int64], log_image: bool) -> None:
        """Set the weights from windows x (N, C, H, W) of classes y (N,); log_image: whether the windows are
        logarithms of amplitudes."""
        flat = x.reshape(len(x), -1)
        found = discriminant.fit(flat, y, self.config.classes, np.full(flat.shape[1], log_image))
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(found.weights))
            self.linear.bias.copy_(torch.from_numpy(found.bias))

    def forward(self, x: Tensor) -> Tensor:
        """(N, *window) -> (N, classes)."""
        logits: Tensor = self.linear(x.flatten(1))
        return logits
