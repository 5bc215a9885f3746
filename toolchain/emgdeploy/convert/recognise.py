"""Functions that a network spells out operator by operator, recognised by their values.

PyTorch exports GELU as five operators around Erf below opset 20, and networks write ReLU6 or hard swish by hand.
A chain of elementwise operators on one tensor is run on a grid of numbers; where it gives what one operator gives,
that operator takes its place. The result is for `quant_points` and `lowering` only: it may hold operators that its own
opset does not know.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import onnxrun, packages
from emgdeploy.convert.onnxfile import OnnxModel

Floats = NDArray[np.float64]

_SEEDS = frozenset({"Erf", "Tanh", "Clip", "Relu", "HardSigmoid"})
_ELEMENTWISE = _SEEDS | {"Abs", "Add", "Div", "Identity", "Max", "Min", "Mul", "Neg", "Pow", "Sigmoid", "Sub"}
# How far from its seed a spelling may begin and end.
_FARTHEST = 7
_GRID = np.unique(np.concatenate([np.linspace(-12, 12, 193), np.geomspace(1e-3, 1, 20)])).astype(np.float32)
_CLOSE = 1e-5


@dataclass(frozen=True)
class _Known:
    """One operator: its name, attributes, constant operands, and what it computes."""

    op: str
    attributes: Mapping[str, Any]
    constants: tuple[float, ...]
    function: Callable[[Floats], Floats]


def _gelu(x: Floats) -> Floats:
    return np.asarray([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x])


def _gelu_by_tanh(x: Floats) -> Floats:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


_KNOWN = (
    _Known("Gelu", {"approximate": "none"}, (), _gelu),
    _Known("Gelu", {"approximate": "tanh"}, (), _gelu_by_tanh),
    _Known("HardSwish", {}, (), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    _Known("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}, (), lambda x: np.clip(x + 3, 0, 6) / 6),
    _Known("Clip", {}, (0.0, 6.0), lambda x: np.clip(x, 0, 6)),
)


def recognised(model: OnnxModel) -> OnnxModel:
    """The model with one operator for each spelling that is known; the model itself where there is none."""
    if not any(node.op_type in _SEEDS for node in model.proto.graph.node):
        return model
    graph = _Graph(model)
    for node in list(model.proto.graph.node):
        if node.op_type in _SEEDS:
            graph.shorten(node)
    if not graph.found:
        return model
    proto = type(model.proto)()
    proto.CopyFrom(model.proto)
    graph.write(proto)
    return replace(model, proto=proto)


class _Graph:
    """A graph in which spellings are looked for. `found`: by the name of the tensor they give."""

    def __init__(self, model: OnnxModel) -> None:
        self._nodes = list(model.proto.graph.node)
        self._opsets = model.proto.opset_import
        self._output = model.output_name
        self._makers = {name: node for node in self._nodes for name in node.output}
        self._users: dict[str, list[Any]] = {}
        for node in self._nodes:
            for name in node.input:
                self._users.setdefault(name, []).append(node)
        sizes = {t.name: math.prod(t.dims) for t in model.proto.graph.initializer}
        self._numbers = {t.name: t for t in model.proto.graph.initializer if sizes[t.name] == 1}
        self._tensors = set(sizes)
        self.found: dict[str, tuple[str, _Known]] = {}

    def shorten(self, seed: Any) -> None:
        """Note the longest spelling around `seed` that is one operator."""
        for last in reversed(list(self._after(seed.output[0]))):
            for first in self._before(seed):
                region = self._region(first, last)
                known = None if region is None or len(region) < 2 else self._match(region, first, last)
                if known is not None:
                    self.found[last] = (first, known)
                    return

    def _after(self, name: str) -> Iterator[str]:
        """Tensors that elementwise operators make of this one, the nearest first."""
        seen, front = {name}, [name]
        for _ in range(_FARTHEST):
            yield from front
            users = [user for name in front for user in self._users.get(name, ())]
            front = [u.output[0] for u in users if u.op_type in _ELEMENTWISE and u.output[0] not in seen]
            front = list(dict.fromkeys(front))
            seen |= set(front)

    def _before(self, seed: Any) -> Iterator[str]:
        """Computed tensors that elementwise operators make the seed's operand of, the nearest first."""
        seen: set[str] = set()
        front = [seed.input[0]]
        for _ in range(_FARTHEST):
            front = [name for name in dict.fromkeys(front) if name not in seen and name not in self._tensors]
            yield from front
            seen |= set(front)
            makers = [self._makers[name] for name in front if name in self._makers]
            front = [
                name for maker in makers if maker.op_type in _ELEMENTWISE for name in maker.input if name
            ]

    def _region(self, first: str, last: str) -> list[Any] | None:
        """The operators from `first` to `last`, in order; None where anything else but numbers comes in."""
        inside: dict[int, Any] = {}
        waiting, seen = [last], {first}
        while waiting:
            name = waiting.pop()
            if not name or name in seen or name in self._numbers:
                continue
            seen.add(name)
            maker = self._makers.get(name)
            if maker is None or maker.op_type not in _ELEMENTWISE or len(inside) > 3 * _FARTHEST:
                return None
            inside[id(maker)] = maker
            waiting.extend(maker.input)
        return [node for node in self._nodes if id(node) in inside]

    def _match(self, region: list[Any], first: str, last: str) -> _Known | None:
        """The operator that gives the same on the grid."""
        read = {name for node in region for name in node.input}
        numbers = [tensor for name, tensor in self._numbers.items() if name in read]
        made = onnxrun.compute(region, numbers, self._opsets, {first: _GRID}, [last])
        if made is None or made[0].size != _GRID.size:
            return None
        values = made[0].astype(np.float64).ravel()
        for known in _KNOWN:
            if np.allclose(values, known.function(_GRID.astype(np.float64)), rtol=_CLOSE, atol=_CLOSE):
                return known
        return None

    def write(self, proto: Any) -> None:
        """Put the operators found into `proto`, a copy of the graph, and drop what nobody reads any more."""
        onnx = packages.onnx()
        nodes = []
        for node in proto.graph.node:
            if node.output[0] not in self.found:
                nodes.append(type(node).FromString(node.SerializeToString()))
                continue
            first, known = self.found[node.output[0]]
            names = [f"{node.output[0]}/{i}" for i in range(len(known.constants))]
            proto.graph.initializer.extend(
                onnx.numpy_helper.from_array(np.float32(value), name)
                for name, value in zip(names, known.constants, strict=True)
            )
            made = onnx.helper.make_node(known.op, [first, *names], [node.output[0]], name=node.name)
            made.attribute.extend(onnx.helper.make_attribute(k, v) for k, v in known.attributes.items())
            nodes.append(made)
        del proto.graph.node[:]
        proto.graph.node.extend(_read(nodes, self._output))


def _read(nodes: list[Any], output: str) -> list[Any]:
    """The nodes that the output depends on."""
    needed, kept = {output}, []
    for node in reversed(nodes):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input)
    return kept[::-1]
