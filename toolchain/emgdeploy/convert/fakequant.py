"""Ranges that an ONNX file brings: QuantizeLinear and DequantizeLinear around a tensor say what it may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from emgdeploy.convert import dequantized, onnxfile, packages
from emgdeploy.convert.dequantized import CLIP, DOWN, UP
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.quant_points import FIXED_RANGE
from emgdeploy.errors import InputError
from emgdeploy.nets.ranges import Range
from emgdeploy.text import printable

# Behind these a rectifier may be missing, because the quantization cuts off what it would.
_SIGNED = frozenset({"Add", "BatchNormalization", "Conv", "ConvTranspose", "Gemm", "MatMul", "Mul", "Sub"})


def holds_pairs(model: OnnxModel) -> bool:
    """Whether the file says of some tensor how it is quantized."""
    return any(node.op_type in (DOWN, UP) for node in model.proto.graph.node)


def separate(model: OnnxModel, source: str, rectify: bool = False) -> tuple[OnnxModel, dict[str, Range]]:
    """The float network without these pairs, its weights as the floats they mean, and the ranges the pairs named, by
    tensor.

    rectify: put the ReLU back that quantizers leave out where a range begins at 0.
    Raises InputError for a pair that is not one int8 (or uint8) scale for a whole tensor.
    """
    if not holds_pairs(model):
        return model, {}
    proto = packages.onnx().ModelProto()
    proto.CopyFrom(model.proto)
    constants = dequantized.fold(proto, source)
    makers = {name: node for node in proto.graph.node for name in node.output}
    ranges: dict[str, Range] = {}
    instead: dict[str, str] = {}
    cut: list[str] = []
    for node in proto.graph.node:
        before = _down_of(node, makers) if node.op_type == UP else None
        if before is None:
            continue
        tensor = before.input[0]
        tensor = instead.get(tensor, tensor)
        maker = makers.get(tensor)
        if maker is None or maker.op_type not in FIXED_RANGE:
            ranges.setdefault(tensor, _range(before, constants, source))
        instead[node.output[0]] = tensor
        if rectify and maker is not None and maker.op_type in _SIGNED and ranges[tensor].low == 0:
            cut.append(tensor)
    _reconnect(proto, instead)
    for tensor in dict.fromkeys(cut):
        ranges[_rectify(proto, tensor)] = ranges.pop(tensor)
    return onnxfile.check(proto, source), ranges


def _down_of(node: Any, makers: Mapping[str, Any]) -> Any:
    """The QuantizeLinear before a DequantizeLinear; a Clip of integers may stand between, which narrows the range."""
    before = makers.get(node.input[0])
    if before is not None and before.op_type == CLIP:
        before = makers.get(before.input[0])
    return before if before is not None and before.op_type == DOWN else None


def _rectify(proto: Any, tensor: str) -> str:
    """Let whoever read a tensor read its ReLU; returns that one's name."""
    graph, relu = proto.graph, f"{tensor}/rectified"
    nodes = []
    for node in graph.node:
        copied = type(node).FromString(node.SerializeToString())
        copied.input[:] = [relu if name == tensor else name for name in node.input]
        nodes.append(copied)
        if tensor in node.output:
            nodes.append(packages.onnx().helper.make_node("Relu", [tensor], [relu], name=f"{node.name}/Relu"))
    for output in graph.output:
        output.name = relu if output.name == tensor else output.name
    del graph.node[:]
    graph.node.extend(nodes)
    return relu


def _range(node: Any, constants: dict[str, Any], source: str) -> Range:
    given = [constants[name] for name in node.input[1:3] if name in constants]
    if len(node.input) == 2:  # a zero point left out is that of uint8
        given.append(np.zeros(1, np.uint8))
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
    needed = {output.name for output in graph.output}
    left = []
    for node in reversed(kept):
        if needed & set(node.output) or node.op_type not in (DOWN, CLIP, "Constant"):
            left.append(node)
            needed |= set(node.input)
    copies = [type(node).FromString(node.SerializeToString()) for node in reversed(left)]
    del graph.node[:]
    graph.node.extend(copies)
