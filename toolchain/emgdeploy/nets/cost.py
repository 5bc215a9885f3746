"""What one inference costs, counted from what the network computes."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Cost:
    """params: trainable numbers; macs: multiply-accumulates of all convolutions and matrix products, those of
    recurrent and attention layers and of functions included; what works element by element has none.
    published_macs: the same plus four per batch-norm output, the published project's counting rule."""

    params: int
    macs: int
    published_macs: int


def cost(network: nn.Module, input_shape: tuple[int, ...]) -> Cost:
    """Run one window of zeros through the network and count."""
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    normalised = 0

    def count(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        nonlocal normalised
        normalised += output.numel()

    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    handles = [module.register_forward_hook(count) for module in norms]
    was_training = network.training
    try:
        with torch.no_grad(), _plain_operators(), FlopCounterMode(display=False) as counter:
            network.eval()(torch.zeros(1, *input_shape))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    macs = counter.get_total_flops() // 2
    return Cost(sum(p.numel() for p in network.parameters()), macs, macs + 4 * normalised)


@contextlib.contextmanager
def _plain_operators() -> Iterator[None]:
    """Recurrent and attention layers as the matrix products that they are: the fast single operators that stand for
    them on a CPU have no count."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    fast = torch.backends.mha.get_fastpath_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            with torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
                yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
