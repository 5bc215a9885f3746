"""How much memory a network will take once it is int8, told from its layers: no weight is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

PUBLISHED_WIDTHS = (1.0, 0.7, 0.4, 0.2)

# Bytes beside the weights for each output channel: its bias, a multiplier, a shift, and what pads its weights
# to whole words. MobileNetV2 of width 0.2 takes 10.
_MOST_BESIDE_WEIGHTS = 16


@dataclass(frozen=True)
class Footprint:
    """Bounds in bytes; activations count as one byte per number.

    weights: of convolutions and linear layers, the least that has to be stored. channels: outputs of
    these layers, summed. busiest: the layer with the most input and output together, `busiest_bytes`
    of them. widest: the largest tensor.
    """

    weights: int
    channels: int
    busiest: str
    busiest_bytes: int
    widest: int

    @property
    def most_constants(self) -> int:
        """No generated code keeps more constants."""
        return self.weights + _MOST_BESIDE_WEIGHTS * self.channels

    @property
    def most_arena(self) -> int:
        """Input and output of one layer, and one more tensor that a shortcut keeps alive."""
        return self.busiest_bytes + self.widest


def footprint(network: nn.Module, input_shape: tuple[int, ...]) -> Footprint:
    """Run one window of zeros through the network, on whatever device it is, `meta` included."""
    import torch
    from torch import nn

    seen: list[tuple[int, str, int]] = []  # bytes of input and output, name, bytes of the larger one
    handles = []
    weighted = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear)
    ]
    for name, module in weighted:

        def look(_: nn.Module, inputs: Any, output: torch.Tensor, name: str = name) -> None:
            sizes = (inputs[0].numel() if inputs else 0, output.numel())
            seen.append((sum(sizes), name, max(sizes)))

        handles.append(module.register_forward_hook(look))
    device = next((parameter.device for parameter in network.parameters()), None)
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *input_shape, device=device))
    finally:
        for handle in handles:
            handle.remove()
    largest, busiest, _ = max(seen, default=(0, "", 0))
    return Footprint(
        weights=sum(module.weight.numel() for _, module in weighted),
        channels=sum(module.weight.shape[0] for _, module in weighted),
        busiest=busiest,
        busiest_bytes=largest,
        widest=max((width for _, _, width in seen), default=0),
    )


def narrower(network: nn.Module) -> Iterator[tuple[float, Footprint]]:
    """The published widths below that of `network`, the largest first; none for another architecture."""
    import torch

    from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config, expansion_of

    if not isinstance(network, MobileNetV2):
        return
    given = network.config
    for width in PUBLISHED_WIDTHS:
        expansion = expansion_of(width)
        if expansion < given.expansion:
            with torch.device("meta"):
                other = MobileNetV2(MobileNetV2Config(given.classes, given.channels, given.grid, expansion))
            yield width, footprint(other, other.input_shape)
