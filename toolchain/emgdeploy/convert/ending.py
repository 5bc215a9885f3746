"""What stands behind the numbers of the classes and changes no class: left out, because int8 loses by it.

Softmax and LogSoftmax keep the order of their operands, ArgMax takes the largest. In 256 steps the probabilities of
a sure network are all 0 or 1; the numbers before them still tell the classes apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import onnxfile, packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError

_PROBABILITIES = frozenset({"LogSoftmax", "Softmax"})
_LARGEST = "ArgMax"
# Of two numbers that are equal but for rounding, another one may be the largest.
_MOST_TIES = 0.01
# The axis that these work along where none is named.
_USUAL_AXIS = {"LogSoftmax": -1, "Softmax": -1, _LARGEST: 0}


@dataclass(frozen=True)
class Ending:
    """The operators left out, in order: Softmax, LogSoftmax and ArgMax at most."""

    ops: tuple[str, ...] = ()

    @property
    def names_class(self) -> bool:
        """Whether the network's own answer is the number of a class."""
        return _LARGEST in self.ops

    def of(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network itself answers, of (N, K) numbers of the classes; an ArgMax is not applied."""
        found = logits.astype(np.float64)
        for op in self.ops:
            if op in _PROBABILITIES:
                found = found - found.max(axis=1, keepdims=True)
                found -= np.log(np.exp(found).sum(axis=1, keepdims=True))
                found = np.exp(found) if op == "Softmax" else found
        return found.astype(np.float32) if self.ops else logits

    def same_classes(self, named: NDArray[np.float32], logits: NDArray[np.float32]) -> None:
        """Raise InputError where the largest of the (N, K) logits is not at the class that the network names (N, 1)."""
        wrong = int((named.reshape(len(logits), -1)[:, 0] != logits.argmax(axis=1)).sum())
        if wrong > _MOST_TIES * len(logits):
            raise InputError(
                f"the network names another class on {wrong} of {len(logits)} windows than that of its largest number",
                "export the network without the ArgMax at its end",
            )

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.ops:
            return ()
        left = " and ".join(self.ops)
        meaning = "" if self.names_class else "; their softmax are the probabilities"
        return (
            f"{left} at the end of the network is left out: the device answers with the numbers before it, "
            f"one for each class; the largest is that of the same class{meaning}",
        )


def cut(model: OnnxModel) -> tuple[OnnxModel, Ending]:
    """The model without such operators at its end, and what was left out. Shapes must be fixed."""
    onnx = packages.onnx()
    makers = {name: node for node in model.proto.graph.node for name in node.output}
    shapes = _shapes(onnx.shape_inference.infer_shapes(model.proto))
    ops: list[str] = []
    name = found = model.output_name
    while (node := makers.get(name)) is not None:
        if node.op_type in _USUAL_AXIS and _over_classes(node, shapes.get(node.input[0], ())):
            ops.append(node.op_type)
            found = node.input[0]
        elif node.op_type not in onnxfile.MOVES:
            break
        name = node.input[0]
    if not ops or found not in makers:
        return model, Ending()
    return _ending_at(model, found, shapes[found]), Ending(tuple(reversed(ops)))


def _over_classes(node: Any, shape: tuple[int, ...]) -> bool:
    """Whether it works on one vector: all its operand's elements lie along one axis, and it works along that."""
    long = [axis for axis, size in enumerate(shape) if size > 1]
    if len(long) != 1 or min(shape) < 1:
        return False
    given = {a.name: a.i for a in node.attribute}
    axis = given.get("axis", _USUAL_AXIS[node.op_type]) % len(shape)
    return axis == long[0] and not given.get("select_last_index", 0)


def _shapes(proto: Any) -> dict[str, tuple[int, ...]]:
    values = (*proto.graph.value_info, *proto.graph.input, *proto.graph.output)
    return {v.name: tuple(int(d.dim_value) for d in v.type.tensor_type.shape.dim) for v in values}


def _ending_at(model: OnnxModel, output: str, shape: tuple[int, ...]) -> OnnxModel:
    onnx = packages.onnx()
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    del proto.graph.output[:]
    proto.graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, shape))
    needed, kept = {output}, []
    for node in reversed(proto.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(type(node).FromString(node.SerializeToString()))
    del proto.graph.node[:]
    proto.graph.node.extend(reversed(kept))
    return onnxfile.check(proto, model.output_name)
