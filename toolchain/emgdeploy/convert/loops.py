"""The loops of an int8 .tflite, carrying integers.

TensorFlow's converter quantizes what a loop's body computes, and leaves in float what the loop carries from step to
step: it puts a DEQUANTIZE behind each such tensor and a QUANTIZE before whoever reads it. All these tensors hold the
same int8 steps, so that the integers are carried as well, and nothing is rounded otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np
import tflite

from emgdeploy.errors import InputError

# Operators whose output has its input's numbers.
_MOVE = frozenset({tflite.BuiltinOperator.STRIDED_SLICE, tflite.BuiltinOperator.RESHAPE})
_CONVERT = frozenset({tflite.BuiltinOperator.QUANTIZE, tflite.BuiltinOperator.DEQUANTIZE})
_Place = tuple[int, int]


def carry_integers(data: bytes) -> bytes:
    """The same file, every float tensor of its loops int8. Raises InputError where one has no int8 steps."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(data))
    if len(model.subgraphs) == 1:
        return data
    for graph in model.subgraphs:
        _part_constants(model, graph)
    floats = _floats(model)
    steps = _steps_of(model, floats)
    for place in floats:
        _make_integer(model, place, steps)
    for graph in model.subgraphs:
        _drop_conversions(model, graph)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _code(model: Any, op: Any) -> int:
    return int(model.operatorCodes[op.opcodeIndex].builtinCode)


def _part_constants(model: Any, graph: Any) -> None:
    """A tensor of its own for each constant that a loop is handed: two loops share one, in steps that differ."""
    for op in graph.operators:
        if _code(model, op) != tflite.BuiltinOperator.WHILE:
            continue
        for k, index in enumerate(op.inputs):
            given = graph.tensors[index]
            data = model.buffers[given.buffer].data
            if given.type == tflite.TensorType.FLOAT32 and data is not None and len(data):
                graph.tensors.append(copy(given))
                op.inputs[k] = len(graph.tensors) - 1


def _floats(model: Any) -> list[_Place]:
    """The float tensors that anything reads or writes, by subgraph and index."""
    found: dict[_Place, None] = {}
    for number, graph in enumerate(model.subgraphs):
        used = [int(i) for op in graph.operators for i in (*op.inputs, *op.outputs) if i >= 0]
        used += [int(i) for i in (*graph.inputs, *graph.outputs)]
        found |= {(number, i): None for i in used if graph.tensors[i].type == tflite.TensorType.FLOAT32}
    return list(found)


def _alike(model: Any) -> Iterator[tuple[_Place, _Place]]:
    """Pairs of tensors that hold the same numbers in the same steps."""
    for number, graph in enumerate(model.subgraphs):
        for op in graph.operators:
            code = _code(model, op)
            if code in _MOVE | _CONVERT:
                yield (number, int(op.inputs[0])), (number, int(op.outputs[0]))
            elif code == tflite.BuiltinOperator.WHILE:
                condition, body = op.builtinOptions.condSubgraphIndex, op.builtinOptions.bodySubgraphIndex
                for k, (given, made) in enumerate(zip(op.inputs, op.outputs, strict=True)):
                    inside, after = model.subgraphs[body].inputs[k], model.subgraphs[body].outputs[k]
                    asked = model.subgraphs[condition].inputs[k]
                    yield (number, int(given)), (body, int(inside))
                    yield (body, int(after)), (body, int(inside))
                    yield (number, int(made)), (body, int(inside))
                    yield (condition, int(asked)), (body, int(inside))


def _steps_of(model: Any, floats: list[_Place]) -> dict[_Place, Any]:
    """For each float tensor the quantization of an int8 tensor that holds the same."""
    pairs = list(_alike(model))
    known: dict[_Place, Any] = {}
    for _ in range(len(floats) + 1):
        before = len(known)
        for one, other in (*pairs, *((b, a) for a, b in pairs)):
            tensor = model.subgraphs[other[0]].tensors[other[1]]
            steps = tensor.quantization if other not in floats else known.get(other)
            if one in floats and one not in known and steps is not None:
                known[one] = steps
        if len(known) == before:
            break
    return known


def _make_integer(model: Any, place: _Place, steps: dict[_Place, Any]) -> None:
    tensor = model.subgraphs[place[0]].tensors[place[1]]
    if place not in steps:
        name = (tensor.name or b"").decode(errors="replace")
        raise InputError(
            f"TensorFlow's converter leaves {name!r}, which a recurrent layer hands from step to step, in float",
            "report the network to this project",
        )
    tensor.type = tflite.TensorType.INT8
    tensor.quantization = steps[place]
    buffer = model.buffers[tensor.buffer]
    if buffer.data is not None and len(buffer.data):
        zero = int(tensor.quantization.zeroPoint[0])
        values = np.frombuffer(bytes(buffer.data), np.float32) / tensor.quantization.scale[0] + zero
        model.buffers.append(type(buffer)())
        tensor.buffer = len(model.buffers) - 1
        model.buffers[-1].data = np.clip(np.round(values), -128, 127).astype(np.int8).view(np.uint8)


def _drop_conversions(model: Any, graph: Any) -> None:
    """Leave out the conversions between tensors that have become the same."""
    instead: dict[int, int] = {}
    kept = []
    for op in graph.operators:
        op.inputs = np.asarray([instead.get(int(i), int(i)) for i in op.inputs], np.int32)
        if _code(model, op) in _CONVERT and _same(graph, int(op.inputs[0]), int(op.outputs[0])):
            instead[int(op.outputs[0])] = int(op.inputs[0])
        else:
            kept.append(op)
    graph.operators = kept
    graph.outputs = np.asarray([instead.get(int(i), int(i)) for i in graph.outputs], np.int32)


def _same(graph: Any, one: int, other: int) -> bool:
    a, b = graph.tensors[one], graph.tensors[other]
    if a.type != b.type or a.type != tflite.TensorType.INT8:
        return False
    p, q = a.quantization, b.quantization
    return bool(p.scale[0] == q.scale[0] and p.zeroPoint[0] == q.zeroPoint[0])
