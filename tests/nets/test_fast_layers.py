"""Layers that take another way while training: the same outputs and gradients as the plain convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from emgdeploy.nets import registry
from emgdeploy.nets.layers import Depthwise, Pointwise
from emgdeploy.nets.train import TrainSettings, fit, predict, training_device

GRIDS = [(1, 3), (2, 6), (3, 4), (4, 12)]


def outputs_and_gradients(layer: nn.Module, x: torch.Tensor, training: bool) -> list[torch.Tensor]:
    layer.train(training)
    layer.zero_grad()
    images = x.clone().requires_grad_(True)
    y = layer(images)
    (y * torch.arange(y.numel()).reshape(y.shape).cos()).sum().backward()
    gradients = [parameter.grad for parameter in layer.parameters()]
    return [y.detach(), images.grad, *gradients]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(
    "layer", [Depthwise(8, (3, 3)), Depthwise(8, (3, 3), 2), Depthwise(8, (1, 3)), Pointwise(8, 12)], ids=str
)
def test_training_computes_what_the_plain_convolution_does(layer: nn.Module, grid: tuple[int, int]) -> None:
    torch.manual_seed(1)
    x = torch.randn(5, 8, *grid).contiguous(memory_format=torch.channels_last)
    ways = (outputs_and_gradients(layer, x, training) for training in (True, False))
    for fast, plain in zip(*ways, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-4, atol=1e-4)


def test_small_images_avoid_the_slow_gradient() -> None:
    """The kernel that is to be avoided is asked for by a padding on an image of fewer rows than its own."""
    network = registry.new("mobilenetv2", (1, 8, 24), 8, 0.2).train()
    loss = network(torch.randn(4, 1, 8, 24)).sum()
    seen, waiting, padded = set(), [loss.grad_fn], 0
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting.extend(following for following, _ in node.next_functions)
        if node.name() == "ConvolutionBackward0" and node._saved_groups > 1:
            rows = node._saved_input.shape[2]
            assert rows >= 3 or node._saved_padding[0] == 0
            padded += node._saved_padding[0] == 0
    assert padded == 10


class InOrder(nn.Module):
    """As many people write them: `view` needs what lies in order."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layers(x)
        return y.view(len(x), -1)


def test_a_network_that_needs_images_in_order_gets_them() -> None:
    torch.manual_seed(1)
    network = InOrder(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 1, (1, 3)))
    x, y = np.random.default_rng(1).normal(size=(8, 2, 5, 8)).astype(np.float32), np.arange(8) % 2
    before = predict(network, x)
    fit(network, x, y, TrainSettings(epochs=1, batch_size=4))
    after = predict(network, x)
    assert before.shape == after.shape == (8, 2) and not np.array_equal(before, after)
    np.testing.assert_allclose(after, network(torch.from_numpy(x)).detach(), rtol=1e-5, atol=1e-6)


def test_all_convolutions_of_a_training_on_the_cpu_see_the_channels_of_a_pixel_side_by_side() -> None:
    """One image in the other layout, and every layer behind it keeps to that one."""
    network = registry.new("mobilenetv2", (1, 8, 24), 8, 0.2)
    slow: list[str] = []

    def look(layer: nn.Module, images: tuple[torch.Tensor], output: torch.Tensor) -> None:
        if not all(t.is_contiguous(memory_format=torch.channels_last) for t in (*images, output)):
            slow.append(str(layer))

    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    for layer in convolutions:
        layer.register_forward_hook(look)
    x, y = np.random.default_rng(1).normal(size=(8, 1, 8, 24)).astype(np.float32), np.arange(8)
    fit(network, x, y, TrainSettings(epochs=1, batch_size=4))
    predict(network, x)
    if training_device() == "cpu":
        assert len(convolutions) == 57 and not slow
