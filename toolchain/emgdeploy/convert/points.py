"""Which tensors of an ONNX graph become int8 tensors with a range of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import packages
from emgdeploy.convert.onnxfile import OnnxModel

# The numbers stay what they are, or are some of them: TFLite wants one scale on both sides.
KEEPS_RANGE = frozenset(
    {
        "AveragePool",
        "Dropout",
        "Flatten",
        "GlobalMaxPool",
        "Identity",
        "Max",
        "MaxPool",
        "Min",
        "Pad",
        "ReduceMax",
        "ReduceMin",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    }
)
# TFLite fixes the range of what these give.
_FIXED_RANGE = frozenset({"Constant", "Sigmoid", "Softmax", "Tanh"})
_FUSED_BOUNDS = ((0.0, np.inf), (0.0, 6.0))


def points(model: OnnxModel) -> tuple[str, ...]:
    """The input, and what each operator gives unless TFLite fuses it into the next one or shares its scale."""
    users = _users(model)
    constants = {t.name: packages.onnx().numpy_helper.to_array(t) for t in model.proto.graph.initializer}
    found = [model.input_name]
    for node in model.proto.graph.node:
        keeps = node.op_type == "Clip" and not _rectifies(node, constants)
        if keeps or node.op_type in KEEPS_RANGE | _FIXED_RANGE:
            continue
        following = users.get(node.output[0], [])
        if len(following) == 1 and following[0] is not None and _takes_in(following[0], node, constants):
            continue
        found.append(node.output[0])
    return tuple(found)


def _users(model: OnnxModel) -> dict[str, list[Any]]:
    """The nodes that read each tensor; None stands for whoever reads the output."""
    users: dict[str, list[Any]] = {model.output_name: [None]}
    for node in model.proto.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return users


def _takes_in(user: Any, node: Any, constants: Mapping[str, NDArray[Any]]) -> bool:
    """Whether `node`'s output never exists as a tensor of its own scale."""
    if user.op_type == "Add" and node.op_type == "MatMul":  # the bias of a dense layer
        other = next((name for name in user.input if name != node.output[0]), "")
        return other in constants and constants[other].ndim == 1
    return user.op_type == "Concat" or _rectifies(user, constants)


def _rectifies(node: Any, constants: Mapping[str, NDArray[Any]]) -> bool:
    """Whether this is an activation that fuses; other bounds are comparisons on the scale of their input."""
    if node.op_type != "Clip":
        return bool(node.op_type == "Relu")
    given = {a.name: float(a.f) for a in node.attribute}
    for name, tensor in zip(("min", "max"), node.input[1:], strict=False):
        if tensor in constants:
            given[name] = float(constants[tensor])
    most = given.get("max", np.inf)
    return (given.get("min", -np.inf), np.inf if most > 1e38 else most) in _FUSED_BOUNDS
