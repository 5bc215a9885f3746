"""How images and filters lie in memory while a network is trained or used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def fastest_layout(network: nn.Module, windows: Tensor) -> Any:
    """The memory format for images and filters: on a CPU the channels of a pixel side by side, unless the network
    cannot do with it, as one with a `view` of what then no longer lies in order.

    windows: (N, C, H, W) on the network's device; the first one is tried. The network is left in evaluation mode.
    """
    import torch

    network.eval()
    if windows.device.type != "cpu":
        return torch.contiguous_format
    try:
        with torch.no_grad():
            network(in_layout(windows[:1], torch.channels_last))
    except RuntimeError:
        return torch.contiguous_format
    return torch.channels_last


def in_layout(windows: Tensor, memory_format: Any) -> Tensor:
    """A copy of windows (N, C, H, W) that lies so.

    Always a copy: windows of one channel pass for either layout, PyTorch takes them for the slow one, and every
    layer after the first then keeps to it (1.7 times the time of a whole step: benchmarks/training.py).
    """
    import torch

    return torch.empty_like(windows, memory_format=memory_format).copy_(windows)


def lay_out(network: nn.Module, memory_format: Any) -> None:
    """Have all filters of the network lie so."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=memory_format)
