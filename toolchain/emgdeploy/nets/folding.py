"""Layers as the device has them: batch norms folded in, weights on the steps of int8."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

Layer = nn.Conv1d | nn.Conv2d | nn.Linear
Norm = nn.BatchNorm1d | nn.BatchNorm2d
_LARGEST = 127
_PLAIN = (nn.Conv1d.forward, nn.Conv2d.forward, nn.Linear.forward)


class Affine(nn.Module):
    """A batch norm whose statistics stay as they are; it shares the other's parameters.

    It is no batch norm to those who look for some to measure anew.
    """

    def __init__(self, norm: Norm) -> None:
        super().__init__()
        ones = torch.ones(norm.num_features)
        self.weight = nn.Parameter(ones, requires_grad=False) if norm.weight is None else norm.weight
        self.bias = nn.Parameter(0 * ones, requires_grad=False) if norm.bias is None else norm.bias
        self.eps = norm.eps
        self.register_buffer("mean", norm.running_mean)
        self.register_buffer("variance", norm.running_var)
        self.mean: Tensor
        self.variance: Tensor

    @property
    def factor(self) -> Tensor:
        """(channels,) what a batch norm multiplies by."""
        return self.weight / torch.sqrt(self.variance + self.eps)

    @property
    def offset(self) -> Tensor:
        """(channels,) what it then adds."""
        return self.bias - self.mean * self.factor

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, ...), as a batch norm in evaluation mode."""
        return functional.batch_norm(x, self.mean, self.variance, self.weight, self.bias, eps=self.eps)


class Folded(nn.Module):
    """A convolution or linear layer and the batch norm behind it, if any, sharing their parameters.

    Weights are rounded to int8 with one scale for each output channel, as TFLite does.
    """

    def __init__(self, layer: Layer, norm: Norm | None) -> None:
        super().__init__()
        self.layer = layer
        self.norm = None if norm is None else Affine(norm)

    def forward(self, x: Tensor) -> Tensor:
        """What layer and batch norm give."""
        weight, bias = self.layer.weight, self.layer.bias
        if self.norm is not None:
            factor, offset = self.norm.factor, self.norm.offset
            weight = weight * factor.reshape(-1, *(1,) * (weight.ndim - 1))
            bias = offset if bias is None else bias * factor + offset
        weight = _on_steps(weight, self.training)
        if self.training and type(self.layer).forward not in _PLAIN:
            return self._own_way(x, weight, bias)
        return _apply(self.layer, x, weight, bias)

    def _own_way(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """A subclass may train faster by a forward of its own; exporters cannot follow this call."""
        if bias is None or self.layer.bias is not None:
            given = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
            y: Tensor = functional_call(self.layer, given, (x,))
            return y
        y = functional_call(self.layer, {"weight": weight}, (x,))
        return y + bias.reshape(-1, *(1,) * (weight.ndim - 2))


def rounded(x: Tensor) -> Tensor:
    """Whole numbers, with the gradient of not rounding."""
    return x + (torch.round(x) - x).detach()


def _on_steps(weight: Tensor, training: bool) -> Tensor:
    """(outputs, ...) at multiples of 1/127 of each output's largest."""
    largest = weight.detach().abs().amax(dim=tuple(range(1, weight.ndim)), keepdim=True)
    scale = largest.clamp_min(1e-12) / _LARGEST
    steps = weight / scale
    return (rounded(steps) if training else torch.round(steps)) * scale


def _apply(layer: Layer, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if isinstance(layer, nn.Linear):
        return functional.linear(x, weight, bias)
    if isinstance(layer, nn.Conv1d):
        return functional.conv1d(x, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)
    return functional.conv2d(x, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)
