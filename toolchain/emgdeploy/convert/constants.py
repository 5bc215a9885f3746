"""Constant arithmetic of an ONNX graph, done before anything else looks at it.

Exporters write a bound, a shape or a factor as a Constant node, or as a small computation on some; whoever reads
the graph afterwards finds each of them among the initializers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import onnxfile, onnxrun, packages
from emgdeploy.convert.onnxfile import OnnxModel

# Computing a constant may not blow a small file up into one that fills memory.
_LARGEST_FOLDED = 16 << 20
# The same inputs do not give the same numbers.
_RANDOM = frozenset({"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"})


def folded(model: OnnxModel, source: str) -> OnnxModel:
    """The model without Constant nodes and without operators whose operands are all constants.

    Operators that cannot be computed here, or whose result is larger than 16 MB, stay as they are.
    """
    onnx = packages.onnx()
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    known = {tensor.name for tensor in proto.graph.initializer}
    outputs = {output.name for output in proto.graph.output}
    kept = []
    for node in proto.graph.node:
        made = None if outputs & set(node.output) else _computed(node, proto, known)
        if made is None:
            kept.append(node)
            continue
        proto.graph.initializer.extend(
            onnx.numpy_helper.from_array(array, name) for name, array in made.items()
        )
        known |= made.keys()
    if len(kept) == len(proto.graph.node):
        return model
    kept = list(map(_copy, kept))
    del proto.graph.node[:]
    proto.graph.node.extend(kept)
    _drop_unread(proto)
    return onnxfile.check(proto, source)


def arrays(proto: Any) -> dict[str, NDArray[Any]]:
    """The initializers by name."""
    to_array = packages.onnx().numpy_helper.to_array
    return {tensor.name: np.asarray(to_array(tensor)) for tensor in proto.graph.initializer}


def _computed(node: Any, proto: Any, known: set[str]) -> dict[str, NDArray[Any]] | None:
    """What a node of constant operands gives, by its outputs' names; None for any other."""
    if node.domain or node.op_type in _RANDOM or any(a.HasField("g") for a in node.attribute):
        return None
    if not all(name in known or not name for name in node.input):
        return None
    given = [tensor for tensor in proto.graph.initializer if tensor.name in set(node.input)]
    outputs = [name for name in node.output if name]
    made = onnxrun.compute([node], given, proto.opset_import, {}, outputs)
    if made is None:
        return None
    found = dict(zip(outputs, made, strict=True))
    if any(array.nbytes > _LARGEST_FOLDED or array.dtype == object for array in found.values()):
        return None
    return found


def _drop_unread(proto: Any) -> None:
    """Initializers that only folded nodes have read."""
    read = {name for node in proto.graph.node for name in node.input}
    read |= {output.name for output in proto.graph.output}
    kept = [_copy(tensor) for tensor in proto.graph.initializer if tensor.name in read]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)


def _copy(message: Any) -> Any:
    """A message of its own: deleting the list it stood in empties it."""
    copied = type(message)()
    copied.CopyFrom(message)
    return copied
