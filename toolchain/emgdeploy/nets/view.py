"""A network as the device computes it, to train it on with its own rounding.

A *view* of a network is what the device makes of it: batch norms folded into the convolutions before them,
weights rounded to int8 for each output channel, and every tensor that will be int8 rounded to the steps of a
range, with nothing dropped. The view shares the network's parameters, so training the view trains the network,
and what is saved is an ordinary checkpoint with one range for each tensor beside it. Batch norms keep their
statistics.

Ranges begin at all that was seen, and their scales are learned with the weights through the rounding, whose
gradient is taken as 1 where nothing is clipped (S. Esser et al., "Learned Step Size Quantization", ICLR 2020).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets.folding import Affine, Folded, Layer, Norm, rounded
from emgdeploy.nets.ranges import HIGHEST, LOWEST, Range, covering, with_scale

_BATCH = 256
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d)
# The numbers stay what they are, or are some of them, so the int8 tensor keeps its scale.
_KEEPS_RANGE: frozenset[Any] = frozenset(
    {
        nn.AvgPool1d,
        nn.AvgPool2d,
        nn.Flatten,
        nn.Identity,
        nn.MaxPool1d,
        nn.MaxPool2d,
        nn.functional.avg_pool2d,
        nn.functional.dropout,
        nn.functional.max_pool2d,
        torch.flatten,
        torch.reshape,
        torch.permute,
        torch.transpose,
        "contiguous",
        "flatten",
        "permute",
        "reshape",
        "squeeze",
        "transpose",
        "unsqueeze",
        "view",
    }
)
# TFLite fixes the range of what these give.
_FIXED_RANGE: frozenset[Any] = frozenset({nn.Sigmoid, nn.Softmax, torch.sigmoid, torch.softmax})
_RECTIFIERS: frozenset[Any] = frozenset(
    {nn.ReLU, nn.ReLU6, torch.relu, torch.relu_, nn.functional.relu, nn.functional.relu6, "relu"}
)
_JOINS: frozenset[Any] = frozenset({torch.cat, torch.concat})


class Rounding(nn.Module):
    """Rounds a tensor to the 256 steps of a range whose scale is learned."""

    def __init__(self, start: Range) -> None:
        super().__init__()
        self.zero_point, self.start = start.zero_point, start.scale
        # The logarithm of how much wider than at the start: alike for small and large tensors, and never negative.
        self.growth = nn.Parameter(torch.zeros(()))

    @property
    def range(self) -> Range:
        """What it has become."""
        return with_scale(self.start * float(self.growth.detach().exp()), self.zero_point)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        if not self.training:
            return torch.fake_quantize_per_tensor_affine(
                x, self.range.scale, self.zero_point, LOWEST, HIGHEST
            )
        scale = self.start * self.growth.exp()
        q = rounded(x / scale).clamp(LOWEST - self.zero_point, HIGHEST - self.zero_point)
        return q * scale


def begin(network: nn.Module, windows: NDArray[np.float32]) -> fx.GraphModule:
    """A view of the network, in evaluation mode, with ranges of all that its tensors hold on windows
    (N, *window shape). Raises UsageError for a network whose forward cannot be followed."""
    module = _folded(network)
    points = _points(module)
    seen = _Observer(module, points)
    with torch.no_grad():
        for start in range(0, len(windows), _BATCH):
            seen.run(torch.from_numpy(windows[start : start + _BATCH]))
    return _insert(module, {name: covering(*ends) for name, ends in seen.ends.items()})


def view(network: nn.Module, ranges: Mapping[str, Range], source: str) -> fx.GraphModule:
    """The view with these ranges. Raises InputError, naming `source`, where they are not this network's."""
    module = _folded(network)
    if set(ranges) != set(_points(module)):
        raise InputError(
            f"{source}: its int8 ranges are not those of its network", "train it again with --qat"
        )
    return _insert(module, ranges)


def without_ranges(module: fx.GraphModule) -> fx.GraphModule:
    """The same view with rounded weights only."""
    plain = copy.deepcopy(module)
    for name, child in list(plain.named_children()):
        if isinstance(child, Rounding):
            setattr(plain, name, nn.Identity())
    return plain


def learned(module: fx.GraphModule) -> dict[str, Range]:
    """The ranges of a view, by the names that `view` takes back."""
    return {
        str(node.args[0]): called.range
        for node in module.graph.nodes
        if isinstance(called := _called(module, node), Rounding)
    }


def _folded(network: nn.Module) -> fx.GraphModule:
    try:
        module = fx.GraphModule(network, _Tracer().trace(network.eval()))
    except Exception as error:  # whatever a user's own forward does with what is no tensor yet
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"the network's forward cannot be followed for --qat ({reason:.150})",
            "let it compute without conditions on tensors, or train without --qat",
        ) from None
    for node in list(module.graph.nodes):
        layer = _called(module, node)
        if isinstance(layer, Layer):
            norm = _take_norm_behind(module, node)
            module.add_submodule(str(node.target), Folded(layer, norm))
        elif isinstance(layer, Norm):
            module.add_submodule(str(node.target), Affine(layer))
        elif isinstance(layer, _DROPOUTS):
            module.add_submodule(str(node.target), nn.Identity())
    module.recompile()
    return module.eval()


def _take_norm_behind(module: fx.GraphModule, node: fx.Node) -> Norm | None:
    """The batch norm that alone reads a layer's output, which then is no part of the graph any more."""
    users = list(node.users)
    norm = _called(module, users[0]) if len(users) == 1 else None
    if not isinstance(norm, Norm):
        return None
    users[0].replace_all_uses_with(node)
    module.graph.erase_node(users[0])
    return norm


def _points(module: fx.GraphModule) -> list[str]:
    """The nodes whose tensors have a range of their own: see `convert.points`, which says it of ONNX."""
    found = []
    for node in module.graph.nodes:
        does = _operation(module, node)
        if node.op in ("output", "get_attr") or does in _KEEPS_RANGE | _FIXED_RANGE:
            continue
        users = [_operation(module, user) for user in node.users]
        if len(users) == 1 and users[0] in _RECTIFIERS | _JOINS:
            continue
        found.append(node.name)
    return found


def _operation(module: fx.GraphModule, node: fx.Node) -> Any:
    """The class of a module, a function, or the name of a method."""
    return type(_called(module, node)) if node.op == "call_module" else node.target


def _called(module: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return module.get_submodule(str(node.target)) if node.op == "call_module" else None


def _insert(module: fx.GraphModule, ranges: Mapping[str, Range]) -> fx.GraphModule:
    for node in list(module.graph.nodes):
        if node.name not in ranges:
            continue
        name = f"range_of_{node.name}"
        module.add_submodule(name, Rounding(ranges[node.name]))
        with module.graph.inserting_after(node):
            held = module.graph.call_module(name, (node,))
        node.replace_all_uses_with(held, lambda user, held=held: user is not held)
    module.recompile()
    return module.eval()


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """A layer is one operation, whatever a subclass does inside."""
        return isinstance(m, Layer | Norm) or super().is_leaf_module(m, module_qualified_name)


class _Observer(fx.Interpreter):
    """Notes the least and greatest value of some nodes."""

    def __init__(self, module: fx.GraphModule, names: list[str]) -> None:
        super().__init__(module)
        self._names = frozenset(names)
        self.ends: dict[str, tuple[float, float]] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.name in self._names and isinstance(value, Tensor):
            low, high = self.ends.get(n.name, (0.0, 0.0))
            self.ends[n.name] = min(low, float(value.min())), max(high, float(value.max()))
        return value
