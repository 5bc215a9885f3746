"""Batch norms: which of them are trained, and their statistics as the network is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emgdeploy.nets.augment import Variation
from emgdeploy.nets.finetune import is_kept
from emgdeploy.nets.layout import in_layout

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

# A batch norm's mean and variance need no more (Wu and Johnson, section 3).
SETTLING_WINDOWS = 10_000


def to_training(network: nn.Module) -> None:
    """Training mode, but for layers whose weights are kept: their statistics are kept too."""
    network.train()
    for module in network.modules():
        if is_kept(module):
            module.eval()


def settle(
    network: nn.Module,
    windows: Tensor,
    layout: Any,
    batch_size: int,
    draw: Generator,
    vary: Variation | None = None,
) -> None:
    """Measure every batch norm's mean and variance anew over training windows, as they are or varied.

    The running values lag behind the weights by tens of steps, which on a small data set is most of training
    (Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021).
    """
    import torch

    norms = [
        m
        for m in network.modules()
        if isinstance(m, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d) and not is_kept(m)
    ]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # None: the mean over everything seen since the reset
    to_training(network)
    with torch.no_grad():
        # Drawn at random as in training: neighbours are alike, and a batch of them has no spread to measure.
        order = torch.randperm(len(windows), generator=draw)[:SETTLING_WINDOWS]
        for chosen in torch.tensor_split(order, max(1, len(order) // max(batch_size, 64))):
            seen = windows[chosen] if vary is None else vary(windows[chosen], draw)
            network(in_layout(seen, layout))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
