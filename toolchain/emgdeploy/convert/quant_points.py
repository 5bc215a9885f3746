"""Which tensors of an ONNX graph become int8 tensors with a range of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import constants, float_rows, islands, recurrence
from emgdeploy.convert.islands import NO_NUMBERS
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.recognise import recognised
from emgdeploy.nets.ranges import Range

# The numbers stay what they are, or are some of them: TFLite wants one scale on both sides.
KEEPS_RANGE = frozenset(
    {
        "AveragePool",
        "DepthToSpace",
        "Dropout",
        "Expand",
        "Flatten",
        "Gather",
        "GlobalMaxPool",
        "Identity",
        "MaxPool",
        "Pad",
        "ReduceMax",
        "ReduceMin",
        "Reshape",
        "Resize",
        "Slice",
        "SpaceToDepth",
        "Split",
        "Squeeze",
        "Tile",
        "Transpose",
        "Unsqueeze",
    }
)
# Each operand is one of the numbers that come out, so that all of them take the range of the output.
_TAKES_RANGE = frozenset({"Clip", "Concat", "Max", "Min"})
# TFLite fixes the range of what these give.
FIXED_RANGE = frozenset({"Constant", "Sigmoid", "Softmax", "Tanh"}) | recurrence.LOOPED
# TFLite computes a following activation together with these; others that one reads are held in its range.
FUSES = frozenset({"Add", "BatchNormalization", "Conv", "Div", "Gemm", "MatMul", "Mul", "Sub"})
_FUSED_BOUNDS = ((0.0, np.inf), (0.0, 6.0))


def points(model: OnnxModel) -> tuple[str, ...]:
    """The input, and what each operator gives unless TFLite fuses it into the next one or shares its scale; and
    what a recurrent layer computes inside."""
    model = recognised(model)
    users = users_of(model)
    known = constants.arrays(model.proto)
    inside, entries = _inside(model), islands.entries(model)
    found = [model.input_name]
    for node in model.proto.graph.node:
        if node.op_type in KEEPS_RANGE | FIXED_RANGE | NO_NUMBERS or node.output[0] in inside:
            continue
        following = users.get(node.output[0], [])
        alone = len(following) == 1 and node.output[0] not in entries
        if alone and following[0] is not None and _takes_in(following[0], node, known):
            continue
        found.append(node.output[0])
    return (*found, *recurrence.parts(model))


def taken_in(model: OnnxModel, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """The ranges in which tensors without one may be held: that of the only reader's output, which cuts off
    whatever lies outside."""
    users, known = users_of(model), constants.arrays(model.proto)
    found, inside = dict(ranges), _inside(model)
    for node in reversed(model.proto.graph.node):
        readers = users.get(node.output[0], [])
        if node.output[0] in inside or node.output[0] in found or len(readers) != 1 or readers[0] is None:
            continue
        cuts = readers[0].op_type in _TAKES_RANGE or rectifies(readers[0], known)
        if cuts and readers[0].output[0] in found:
            found[node.output[0]] = found[readers[0].output[0]]
    return found


def _inside(model: OnnxModel) -> frozenset[str]:
    """What stays in float between two int8 tensors."""
    return islands.inside(model) | float_rows.inside(model)


def users_of(model: OnnxModel) -> dict[str, list[Any]]:
    """The nodes that read each tensor; None stands for whoever reads the output."""
    users: dict[str, list[Any]] = {model.output_name: [None]}
    for node in model.proto.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return users


def clip_bounds(node: Any, known: Mapping[str, NDArray[Any]]) -> tuple[float, float]:
    """The bounds of a Clip, which opset 11 moved from attributes to inputs; float32's extremes mean no bound.

    A bound that is computed counts as none.
    """
    given = {a.name: float(a.f) for a in node.attribute}
    for name, tensor in zip(("min", "max"), node.input[1:], strict=False):
        if tensor in known:
            given[name] = float(known[tensor].ravel()[0])
    low, high = given.get("min", -np.inf), given.get("max", np.inf)
    limit = float(np.finfo(np.float32).max)
    return (-np.inf if low <= -limit else low), (np.inf if high >= limit else high)


def _takes_in(user: Any, node: Any, known: Mapping[str, NDArray[Any]]) -> bool:
    """Whether `node`'s output never exists as a tensor of its own scale."""
    if (
        user.op_type == "Add" and node.op_type == "MatMul" and _weighted(node, known)
    ):  # the bias of a dense layer
        other = next((name for name in user.input if name != node.output[0]), "")
        return other in known and known[other].ndim == 1
    return user.op_type in _TAKES_RANGE or rectifies(user, known)


def _weighted(node: Any, known: Mapping[str, NDArray[Any]]) -> bool:
    """Whether a MatMul is a dense layer."""
    return node.input[1] in known and known[node.input[1]].ndim == 2


def rectifies(node: Any, known: Mapping[str, NDArray[Any]]) -> bool:
    """Whether this is an activation that fuses; other bounds are comparisons on the scale of their output."""
    if node.op_type != "Clip":
        return bool(node.op_type == "Relu")
    return clip_bounds(node, known) in _FUSED_BOUNDS
