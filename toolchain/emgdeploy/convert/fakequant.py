"""Ranges that an ONNX file brings: QuantizeLinear and DequantizeLinear around a tensor say what it may hold."""

from __future__ import annotations

from typing import Any

from emgdeploy.convert import onnxfile, packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError
from emgdeploy.nets.ranges import Range
from emgdeploy.text import printable

_DOWN, _UP = "QuantizeLinear", "DequantizeLinear"


def separate(model: OnnxModel, source: str) -> tuple[OnnxModel, dict[str, Range]]:
    """The float network without these pairs, and the ranges they named, by tensor.

    Raises InputError for a pair that is not one int8 (or uint8) scale for a whole tensor.
    """
    nodes = model.proto.graph.node
    if not any(node.op_type == _DOWN for node in nodes):
        return model, {}
    proto = packages.onnx().ModelProto()
    proto.CopyFrom(model.proto)
    constants = _constants(proto)
    makers = {node.output[0]: node for node in proto.graph.node}
    ranges: dict[str, Range] = {}
    instead: dict[str, str] = {}
    for node in proto.graph.node:
        before = makers.get(node.input[0]) if node.op_type == _UP else None
        if before is None or before.op_type != _DOWN:
            continue
        tensor = before.input[0]
        tensor = instead.get(tensor, tensor)
        ranges[tensor] = _range(before, constants, source)
        instead[node.output[0]] = tensor
    _reconnect(proto, instead)
    return onnxfile.check(proto, source), ranges


def _constants(proto: Any) -> dict[str, Any]:
    to_array = packages.onnx().numpy_helper.to_array
    found = {tensor.name: to_array(tensor) for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            found[node.output[0]] = to_array(node.attribute[0].t)
    return found


def _range(node: Any, constants: dict[str, Any], source: str) -> Range:
    given = [constants[name] for name in node.input[1:3] if name in constants]
    if len(given) != 2 or any(value.size != 1 for value in given):
        raise InputError(
            f"{source}: {printable(node.name)!r} does not quantize a whole tensor by one constant scale",
            "use one scale and zero point for each tensor, or leave the quantization to emgdeploy",
        )
    scale, zero_point = float(given[0].ravel()[0]), int(given[1].ravel()[0])
    if given[1].dtype == "uint8":
        zero_point -= 128
    elif given[1].dtype != "int8":
        raise InputError(
            f"{source}: {printable(node.name)!r} quantizes to {given[1].dtype}", "quantize to int8"
        )
    return Range(scale, zero_point)


def _reconnect(proto: Any, instead: dict[str, str]) -> None:
    """Let whoever read a pair's result read its source, and drop the pairs."""
    graph = proto.graph
    kept = [node for node in graph.node if node.output[0] not in instead]
    for node in kept:
        for position, name in enumerate(node.input):
            node.input[position] = instead.get(name, name)
    for output in graph.output:
        if output.name in instead:
            output.name = instead[output.name]
    read = {name for node in kept for name in node.input} | {output.name for output in graph.output}
    kept = [node for node in kept if node.op_type not in (_DOWN, "Constant") or node.output[0] in read]
    del graph.node[:]
    graph.node.extend(kept)
