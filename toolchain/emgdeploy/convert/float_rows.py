"""Normalizations by what a window itself holds, which TFLite computes in float between two int8 tensors.

One is an operator of its own, or is spelled out: means along some axes of a tensor, and arithmetic of that tensor, these
means and constants. Inside nothing is rounded to int8. Scales and shifts by constants that follow belong to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from emgdeploy.convert.onnxfile import OnnxModel

NORMALIZATIONS = frozenset(
    {"GroupNormalization", "InstanceNormalization", "LayerNormalization", "RMSNormalization"}
)
# What a build computes exactly in single precision.
_ARITHMETIC = frozenset({"Abs", "Add", "Div", "Max", "Min", "Mul", "Neg", "Pow", "Reciprocal", "Sqrt", "Sub"})
_MEANS = frozenset({"ReduceMean"})
_VIEWS = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})


@dataclass(frozen=True)
class _Known:
    """What a tensor is made of: of `base` alone. whole: it has all its elements. normalized: a mean met the whole."""

    base: str
    whole: bool = True
    normalized: bool = False


def inside(model: OnnxModel) -> frozenset[str]:
    """The tensors that are never rounded to int8: all their readers go on to a tensor that is, or to one inside."""
    known = _spelled(model)
    readers: dict[str, list[Any]] = {model.output_name: [None]}
    for node in model.proto.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found: set[str] = set()
    for node in reversed(model.proto.graph.node):
        name = node.output[0]
        if name in known and all(_goes_on(reader, known, found) for reader in readers.get(name, [None])):
            found.add(name)
    return frozenset(found)


def _goes_on(reader: Any, known: dict[str, _Known], found: set[str]) -> bool:
    if reader is None or reader.output[0] not in known or reader.op_type in NORMALIZATIONS:
        return False
    made = known[reader.output[0]]
    return reader.output[0] in found or (made.whole and made.normalized and reader.op_type not in _VIEWS)


def _spelled(model: OnnxModel) -> dict[str, _Known]:
    """Everything that such arithmetic makes of one tensor."""
    constants = {tensor.name: math.prod(tensor.dims) for tensor in model.proto.graph.initializer}
    known: dict[str, _Known] = {}
    for node in model.proto.graph.node:
        out = node.output[0]
        given = [name for name in node.input if name]
        if node.op_type == "Constant":
            constants[out] = 1
        elif node.op_type in NORMALIZATIONS:
            known[out] = _Known(given[0], normalized=True)
        elif node.op_type in _VIEWS and given[0] in known:
            if known[given[0]].normalized or not known[given[0]].whole:
                known[out] = known[given[0]]
        elif node.op_type in _MEANS and given[0] not in constants:
            made = known.get(given[0], _Known(given[0]))
            if made.whole:
                known[out] = _Known(made.base, whole=False)
        elif node.op_type in _ARITHMETIC:
            live = [known.get(name, _Known(name)) for name in given if name not in constants]
            if live and len({one.base for one in live}) == 1:
                known[out] = _together(live)
    return known


def _together(live: list[_Known]) -> _Known:
    whole = any(one.whole for one in live)
    met = whole and not all(one.whole for one in live)
    return _Known(live[0].base, whole, met or any(one.normalized for one in live))
