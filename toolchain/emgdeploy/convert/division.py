"""Division of one tensor by another, spelled as a multiplication by the reciprocal.

The reciprocal is a function of one tensor, and so a table of 256. TFLite's own int8 division shifts small dividends by
more than 31 bits, for which its reference gives any number. (DivElementwise in internal/reference/div.h of
google-ai-edge/LiteRT.)
"""

from __future__ import annotations

from typing import Any

from emgdeploy.convert import islands, onnxfile, packages
from emgdeploy.convert.onnxfile import OnnxModel


def spelled(model: OnnxModel, source: str) -> OnnxModel:
    """The model with a Reciprocal and a Mul for each such Div; a Div within a function of one tensor stays."""
    constants = {tensor.name for tensor in model.proto.graph.initializer}
    functions = islands.of_one_tensor(model)
    wanted = {
        node.output[0]
        for node in model.proto.graph.node
        if node.op_type == "Div" and node.input[1] not in constants and node.output[0] not in functions
    }
    if not wanted:
        return model
    proto = packages.onnx().ModelProto()
    proto.CopyFrom(model.proto)
    nodes = [made for node in proto.graph.node for made in _nodes(node, wanted)]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return onnxfile.check(proto, source)


def _nodes(node: Any, wanted: set[str]) -> list[Any]:
    if node.output[0] not in wanted:
        return [type(node).FromString(node.SerializeToString())]
    make, inverse = packages.onnx().helper.make_node, f"{node.output[0]}/reciprocal"
    return [
        make("Reciprocal", [node.input[1]], [inverse], name=f"{node.name}/reciprocal"),
        make("Mul", [node.input[0], inverse], [node.output[0]], name=node.name),
    ]
