"""MACs of every kind of layer, counted by hand beside the function that counts them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from emgdeploy.nets.cost import cost


class First(nn.Module):
    """The first result of a layer that gives several."""

    def __init__(self, layer: nn.Module, times: int = 1) -> None:
        super().__init__()
        self.layer, self.times = layer, times

    def forward(self, x: Tensor) -> Any:
        """Whatever the layer takes."""
        found = self.layer(*[x] * self.times)
        return found[0] if isinstance(found, tuple) else found


class Products(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) -> (N, T, C)."""
        return torch.einsum("bij,bkj->bik", x, x) @ x


# Attention over 10 steps of 16 values: into queries, keys and values, their products, and out.
ATTENTION = 10 * 16 * 48 + 2 * 10 * 10 * 16 + 10 * 16 * 16
CASES: dict[str, tuple[nn.Module, tuple[int, ...], int]] = {
    "Conv1d": (nn.Conv1d(6, 8, 3), (6, 10), 8 * 8 * 6 * 3),
    "Conv2d in groups": (nn.Conv2d(8, 8, 3, groups=8), (8, 5, 6), 8 * 9 * 12),
    "Conv3d": (nn.Conv3d(1, 8, 3), (1, 4, 5, 6), 8 * 27 * 2 * 3 * 4),
    "ConvTranspose1d": (nn.ConvTranspose1d(6, 8, 3), (6, 10), 10 * 6 * 8 * 3),
    "Linear on a sequence": (nn.Linear(6, 8), (10, 6), 10 * 6 * 8),
    "LSTM": (First(nn.LSTM(6, 8, batch_first=True)), (10, 6), 10 * 4 * 8 * (6 + 8)),
    "GRU of two directions": (
        First(nn.GRU(6, 8, batch_first=True, bidirectional=True)), (10, 6), 2 * 10 * 3 * 8 * (6 + 8),
    ),
    "attention": (First(nn.MultiheadAttention(16, 4, batch_first=True), 3), (10, 16), ATTENTION),
    "transformer": (nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), (10, 16), ATTENTION + 2 * 10 * 16 * 32),
    "products of functions": (Products(), (10, 6), 2 * 10 * 10 * 6),
    "element by element": (nn.Sequential(nn.BatchNorm1d(6), nn.GELU(), nn.AvgPool1d(2)), (6, 10), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_product_is_counted(name: str) -> None:
    network, shape, macs = CASES[name]
    assert cost(network, shape).macs == macs


def test_counting_leaves_the_network_and_torch_as_they_were() -> None:
    network = CASES["transformer"][0].train()
    before = torch.backends.mha.get_fastpath_enabled(), torch.backends.mkldnn.enabled
    cost(network, (10, 16))
    assert network.training
    assert (torch.backends.mha.get_fastpath_enabled(), torch.backends.mkldnn.enabled) == before
