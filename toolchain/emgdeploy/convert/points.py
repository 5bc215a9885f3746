"""Which tensors of an ONNX graph become int8 tensors with a range of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
_RECTIFIERS = frozenset({"Clip", "Relu"})


def points(model: OnnxModel) -> tuple[str, ...]:
    """The input, and what each operator gives unless TFLite fuses it into the next one or shares its scale."""
    users = _users(model)
    sizes = {tensor.name: list(tensor.dims) for tensor in model.proto.graph.initializer}
    found = [model.input_name]
    for node in model.proto.graph.node:
        if node.op_type in KEEPS_RANGE | _FIXED_RANGE:
            continue
        following = users.get(node.output[0], [])
        if len(following) == 1 and _takes_in(following[0], node, sizes):
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


def _takes_in(user: Any, node: Any, sizes: Mapping[str, list[int]]) -> bool:
    """Whether `node`'s output never exists as a tensor of its own scale."""
    if user is None:
        return False
    if user.op_type == "Add" and node.op_type == "MatMul":  # the bias of a dense layer
        other = next((name for name in user.input if name != node.output[0]), "")
        return len(sizes.get(other, [0, 0])) == 1
    return user.op_type in _RECTIFIERS or user.op_type == "Concat"
