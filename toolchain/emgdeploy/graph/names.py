"""What a layer is called: of the names that TensorFlow's converter joins for a tensor, the layer's own.

`net/block/relu/Relu;net/block/conv/BiasAdd;net/block/conv/Conv2D` was made by three operators that became one. It is
called after the one that brought the weights, without the operator and without what all names begin with: `block.conv`.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op, Operator, Tensor

_WEIGHTED_KINDS = frozenset({CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED})
_WEIGHTED = re.compile(r"conv|depthwise|matmul|einsum|tensordot", re.IGNORECASE)
# Operators that one layer is made of, as the converter nests them: `conv1d/Conv1D/Squeeze`.
_INNER = re.compile(
    r".*/(Conv[123]D|convolution|depthwise|Tensordot|Gelu)(_\d+)?|separable_conv[12]d\w*/separable_conv[12]d"
)
# Names that say nothing of a layer, which the converter gives to a function's results.
_NOTHING = re.compile(r"(Stateful)?PartitionedCall(_\d+)?|Identity(_\d+)?|convolution|(arith|tfl)\..*|")
_SERVING, _ENDS = re.compile(r"^serving_default_"), re.compile(r":\d+$")
Path = tuple[str, ...]


def named_after_layers(tensors: Mapping[int, Tensor], ops: Sequence[Op]) -> dict[int, Tensor]:
    """The tensors, each computed one with the name of the layer that makes it."""
    paths: dict[int, Path] = {}
    for op in ops:
        weights = [_path(tensors[i].name, op.kind) for i in op.inputs if i >= 0 and tensors[i].constant]
        for i in op.outputs:
            paths[i] = _path(tensors[i].name, op.kind) or max(weights, key=len, default=())
    common = _common(paths.values())
    named = {i: _input(tensor) for i, tensor in tensors.items()}
    for op in ops:
        for i in op.outputs:
            named[i] = replace(tensors[i], name=_own(paths[i], common) or op.kind.name)
    return named


def distinct(graph: Graph, made: Sequence[tuple[int, Operator]]) -> Graph:
    """The graph with another name for each tensor of `made`, by who makes it.

    Where several operators are one layer, the one with the weights has its name, else the last; the others say what
    they are beside it: `conv1/PAD`.
    """
    owners: dict[str, int] = {}
    weighted: set[str] = set()
    for i, kind in made:
        name = graph.tensors[i].name
        if name not in weighted:
            owners[name] = i
        weighted |= {name} if kind in _WEIGHTED_KINDS else set()
    taken: Counter[str] = Counter(owners)
    tensors = dict(graph.tensors)
    for i, kind in made:
        name = graph.tensors[i].name
        if owners[name] == i:
            continue
        name = other = f"{name}/{kind.name}"
        while taken[other]:
            other = f"{name}_{taken[name]}"
            taken[name] += 1
        taken[other] += 1
        tensors[i] = replace(tensors[i], name=other)
    return replace(graph, tensors=tensors)


def _input(tensor: Tensor) -> Tensor:
    """The tensor as its network's author calls it, where it is an input; constants keep the converter's name."""
    name = _SERVING.sub("", _ENDS.sub("", tensor.name))
    return tensor if tensor.constant else replace(tensor, name=name)


def _own(path: Path, common: Path) -> str:
    return ".".join(path[len(common) :] if path[: len(common)] == common else path)


def _path(name: str, kind: Operator) -> Path:
    """The layer's place in its network; empty where the name does not say it."""
    parts = [_ENDS.sub("", part).split("/") for part in name.split(";")]
    wanted = _WEIGHTED if kind in _WEIGHTED_KINDS else re.compile(re.escape(kind.name), re.IGNORECASE)
    part = next((one for one in parts if wanted.match(one[-1])), parts[0])
    path = part[:-1] or part
    while len(path) > 1 and _INNER.fullmatch("/".join(path[-2:])):
        path = path[:-1]
    return () if _NOTHING.fullmatch(path[0]) or _NOTHING.fullmatch(path[-1]) else tuple(path)


def _common(paths: Iterable[Path]) -> Path:
    """What all paths begin with, where each says more than that; names without a path are of no network."""
    known = [path[:-1] for path in paths if len(path) > 1]
    shared = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*known, strict=False))
    return tuple(parts[0] for parts in shared) if len(known) > 1 else ()
