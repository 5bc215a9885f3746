"""A small network as a stranger writes it: layers in containers, batch norm, a functional ReLU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class OwnNet(nn.Module):
    """Windows (N, 1, 4, 6) -> logits (N, 3)."""

    input_shape = (1, 4, 6)

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 4, 6) -> (N, classes)."""
        logits: Tensor = self.head(torch.relu(self.features(x)).mean((2, 3)))
        return logits


def trained() -> OwnNet:
    """Always the same, with batch norms that do something, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = OwnNet()
        state = network.state_dict()
        state["features.1.running_mean"].normal_()
        state["features.1.running_var"].uniform_(0.5, 2)
    return network.eval()
