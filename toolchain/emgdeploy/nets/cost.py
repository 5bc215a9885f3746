"""What one inference costs, counted from the layers themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Cost:
    """params: trainable numbers; macs: multiply-accumulates of convolutions and linear layers;
    published_macs: the same plus four per batch-norm output, the published project's counting rule."""

    params: int
    macs: int
    published_macs: int


def cost(network: nn.Module, input_shape: tuple[int, ...]) -> Cost:
    """Run one window of zeros through the network and count."""
    import torch
    from torch import nn

    macs, normalised = 0, 0

    def count(module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        nonlocal macs, normalised
        if isinstance(module, nn.Conv2d | nn.Conv1d):
            macs += output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            macs += output.numel() * module.in_features
        elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            normalised += output.numel()

    handles = [module.register_forward_hook(count) for module in network.modules()]
    was_training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *input_shape))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    return Cost(sum(p.numel() for p in network.parameters()), macs, macs + 4 * normalised)
