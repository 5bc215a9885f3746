"""Whether a user's own network can be trained, found out on two windows instead of after an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emgdeploy.errors import UsageError
from emgdeploy.nets.weights import class_count

if TYPE_CHECKING:
    from torch import nn


def rehearse(network: nn.Module, shape: tuple[int, ...], classes: int, name: str) -> None:
    """Run the network, in evaluation mode, on windows (N, *shape) of noise.

    Raises InputError where it cannot take one or gives no logits, UsageError where these are not of `classes`, where it
    is made for other windows, and where several windows get other answers together than alone.
    """
    declared = getattr(network, "input_shape", shape)
    if tuple(declared) != tuple(shape):
        raise UsageError(
            f"--network {name}: its input_shape is {tuple(declared)}, the data's windows are {tuple(shape)}",
            "let the function take `input_shape` (C, H, W) and make the network for it",
        )
    found = class_count(network, shape, name)
    if found != classes:
        raise UsageError(
            f"--network {name}: it gives {found} logits for a window, the data have {classes} classes",
            "let the number of its outputs be the parameter `classes`",
        )
    if not takes_batches(network, shape):
        raise UsageError(
            f"--network {name}: it takes one window at a time, and training needs batches of them",
            "keep the first axis of x in its forward: x.shape[0] is the number of windows, whatever it is",
        )


def takes_batches(network: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether each window of a batch gets the logits that it gets alone, to a thousandth of the largest.

    The network is left in evaluation mode.
    """
    import torch

    windows = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        alone = torch.cat([network.eval()(window[None]) for window in windows])
        try:
            together = network(windows)
        except Exception:  # a user's own network may raise anything
            return False
    if together.shape != alone.shape:
        return False
    return bool((together - alone).abs().max() <= 1e-3 * alone.abs().max().clamp(min=1e-3))
