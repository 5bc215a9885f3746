"""Functions of one tensor that TFLite computes in float between two int8 tensors.

A group of elementwise operators that depends on one tensor alone, with constants of one number, becomes one table
of 256 when it is built. Inside such a group nothing is rounded to int8: only what enters and what leaves it.
"""

from __future__ import annotations

import math
from typing import Any

from emgdeploy.convert.onnxfile import OnnxModel

# Operators that TFLite or this compiler has no int8 form of.
ONLY_TABLED = frozenset(
    {
        "And", "Cast", "Ceil", "Celu", "Cos", "Elu", "Equal", "Erf", "Floor", "Greater", "GreaterOrEqual", "Less",
        "LessOrEqual", "Log", "Mish", "Neg", "Not", "Or", "Pow", "Reciprocal", "Selu", "Sign", "Sin", "Softplus",
        "Softsign", "Sqrt", "ThresholdedRelu", "Where",
    }
)  # fmt: skip
# What these give is no number, so that it has no range.
NO_NUMBERS = frozenset({"And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or"})
_OTHERS = frozenset(
    {
        "Abs", "Add", "Clip", "Div", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Max", "Min", "Mul",
        "PRelu", "Relu", "Sigmoid", "Sub", "Tanh",
    }
)  # fmt: skip


def of_one_tensor(model: OnnxModel) -> frozenset[str]:
    """What elementwise operators make of one tensor alone, whether in such a group or not."""
    return frozenset(_bases(model))


def inside(model: OnnxModel) -> frozenset[str]:
    """The tensors within such groups: made and read by operators of one group only."""
    return frozenset(name for group in _groups(model) for name in group)


def entries(model: OnnxModel) -> frozenset[str]:
    """The tensors that groups are functions of; whatever they hold is rounded before a group reads it."""
    makers = {name: node for node in model.proto.graph.node for name in node.output}
    bases = _bases(model)
    constants = {tensor.name for tensor in model.proto.graph.initializer}
    constants |= {name for name, maker in makers.items() if maker.op_type == "Constant"}
    tabled = {n for n, maker in makers.items() if maker.op_type in ONLY_TABLED or _divides(maker, constants)}
    return frozenset(bases[name] for name in tabled if name in bases)


def _divides(node: Any, constants: set[str]) -> bool:
    """By what is computed, which no int8 operator does."""
    return node.op_type == "Div" and node.input[1] not in constants


def _groups(model: OnnxModel) -> list[set[str]]:
    bases, within = _bases(model), entries(model)
    members: dict[str, set[str]] = {base: set() for base in within}
    for name, base in bases.items():
        if base in within:
            members[base].add(name)
    outside = {model.output_name}
    for node in model.proto.graph.node:
        own = bases.get(node.output[0])
        outside |= {name for name in node.input if own is None or bases.get(name) != own}
    return [group - outside for group in members.values()]


def _bases(model: OnnxModel) -> dict[str, str]:
    """For each tensor that elementwise operators make of one other tensor alone: the first such tensor."""
    numbers = {tensor.name: math.prod(tensor.dims) for tensor in model.proto.graph.initializer}
    bases: dict[str, str] = {}
    for node in model.proto.graph.node:
        if node.op_type == "Constant":
            numbers[node.output[0]] = _size(node)
        elif node.op_type in ONLY_TABLED | _OTHERS:
            given = [name for name in node.input if name]
            found = {bases.get(name, name) for name in given if name not in numbers}
            if len(found) == 1 and all(numbers.get(name, 1) == 1 for name in given):
                bases[node.output[0]] = found.pop()
    return bases


def _size(node: Any) -> int:
    given = {a.name: a for a in node.attribute}
    return math.prod(given["value"].t.dims) if "value" in given else 1
