"""What must hold before the compiler may believe a graph; each broken rule is one sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.numerics import type_range
from emgdeploy.graph.operators.check import check
from emgdeploy.graph.passes.drop_uint8_io import drop_uint8_io
from emgdeploy.graph.passes.expand_groups import expand_groups
from emgdeploy.graph.passes.float_rows import float_rows
from emgdeploy.graph.passes.fold_constants import fold_constants
from emgdeploy.graph.passes.fold_dilation import fold_dilation
from emgdeploy.graph.types import Graph, Op, Tensor, quoted

_QUANTIZED = (np.dtype(np.int8), np.dtype(np.int16))
_SMALLEST_SCALE, _LARGEST_SCALE = 1e-30, 1e30


def validate(graph: Graph) -> Graph:
    """The graph, its constant arithmetic and dilations folded, of int8 at both ends, once every rule holds.

    Raises InputError naming the tensor or operator that breaks one.
    """
    _check_interface(graph)
    _check_order(graph)
    return expand_groups(_checked(drop_uint8_io(graph)))


def _checked(graph: Graph) -> Graph:
    """What holds of a whole network and of the body of a loop alike."""
    graph = fold_dilation(graph)
    for tensor in graph.live_tensors():
        _check_shape(graph, tensor)
    graph = float_rows(fold_constants(graph))
    _check_output(graph)
    for tensor in graph.live_tensors():
        _check_quantization(graph, tensor)
    for op in graph.ops:
        check(graph, op)
    return graph.with_ops(tuple(_with_checked_body(op) for op in graph.ops))


def _with_checked_body(op: Op) -> Op:
    if op.loop is None:
        return op
    _check_order(op.loop.body)
    return replace(op, loop=replace(op.loop, body=_checked(op.loop.body)))


def _check_interface(graph: Graph) -> None:
    for what, indices in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if len(indices) != 1 or indices[0] < 0:
            raise InputError(
                f"{graph.source} has {len(indices)} {what}; exactly one is supported",
                "export the network with one image in and one vector of logits out",
            )
    for what, index in (("expects an input", graph.inputs[0]), ("gives an output", graph.outputs[0])):
        shape = graph.tensors[index].shape
        if not shape or shape[0] != 1:
            raise InputError(
                f"{graph.source} {what} of shape {shape}; the batch must be 1",
                "export the model with a fixed batch of 1",
            )


def _check_order(graph: Graph) -> None:
    known = {i for i, t in graph.tensors.items() if t.constant} | set(graph.inputs)
    for op in graph.ops:
        for i in op.inputs:
            if i >= 0 and i not in known:
                raise InputError(
                    f"{graph.source}: operator {op.index} ({op.kind.name}) reads tensor {i} "
                    f"({quoted(graph.tensors[i].name)}) before anything has written it",
                    flat.HINT,
                )
        _check_writes_once(graph, op, known)
    if graph.outputs[0] not in known:
        raise InputError(f"{graph.source}: no operator writes the output tensor", flat.HINT)


def _check_writes_once(graph: Graph, op: Op, known: set[int]) -> None:
    for i in op.outputs:
        if i in known:
            raise InputError(
                f"{graph.source}: operator {op.index} ({op.kind.name}) writes tensor {i}, "
                "which is constant or already written",
                flat.HINT,
            )
        known.add(i)


def _check_output(graph: Graph) -> None:
    if graph.tensors[graph.outputs[0]].constant:
        raise InputError(
            f"{graph.source} gives a constant output, whatever its input", "export the network itself"
        )


def _check_shape(graph: Graph, tensor: Tensor) -> None:
    if any(d < 1 for d in tensor.shape):
        raise InputError(
            f"{graph.source}: tensor {tensor.index} ({quoted(tensor.name)}) has the shape {tensor.shape}; "
            "every size must be known and at least 1",
            "export the model with fixed shapes",
        )


def _check_quantization(graph: Graph, tensor: Tensor) -> None:
    where = f"{graph.source}: tensor {tensor.index} ({quoted(tensor.name)})"
    if tensor.dtype == np.uint8:
        raise InputError(
            f"{where} has elements of uint8, which only a model's input and output may have",
            "quantize the model to int8; the old uint8 quantization of TensorFlow 1 is not supported",
        )
    if tensor.dtype not in _QUANTIZED:
        return
    if tensor.quant is None or tensor.quant.per_channel:
        raise InputError(
            f"{where} needs exactly one scale and one zero point", "quantize the whole model to int8"
        )
    check_scales(where, tensor)


def check_scales(where: str, tensor: Tensor) -> None:
    """Scales positive and of sane size, zero points inside the type (0 for int16)."""
    q = tensor.q
    if (
        not np.all(np.isfinite(q.scales))
        or q.scales.min() < _SMALLEST_SCALE
        or q.scales.max() > _LARGEST_SCALE
    ):
        raise InputError(f"{where} has a scale outside {_SMALLEST_SCALE} to {_LARGEST_SCALE}", flat.HINT)
    low, high = (0, 0) if tensor.dtype == np.int16 else type_range(tensor.dtype)
    if q.zero_points.min() < low or q.zero_points.max() > high:
        raise InputError(f"{where} has a zero point outside {low} to {high}", flat.HINT)
