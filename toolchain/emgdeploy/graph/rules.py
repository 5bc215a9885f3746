"""The rules of each operator: arity, shapes, element types, quantization."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emgdeploy.errors import InputError
from emgdeploy.graph import flat
from emgdeploy.graph.types import Graph, Op, OpKind, Tensor, Window

INT8, INT16, INT32, INT64 = (np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64))
FLOAT32 = np.dtype(np.float32)


class _BrokenRule(Exception):
    """A rule does not hold; carries the sentence's predicate."""


def check(graph: Graph, op: Op) -> None:
    """Raise InputError naming the operator when it breaks a rule of its kind."""
    try:
        _RULES.get(op.kind, _anything)(graph, op)
    except _BrokenRule as broken:
        name = graph.out(op).name
        raise InputError(
            f"{graph.source}: operator {op.index} ({op.kind.value}, writing {name!r}) {broken}", flat.HINT
        ) from None


def _need(holds: bool, predicate: str) -> None:
    if not holds:
        raise _BrokenRule(predicate)


def _arity(graph: Graph, op: Op, least: int, most: int) -> None:
    _need(least <= len(op.inputs) <= most, f"has {len(op.inputs)} inputs; {least} to {most} are needed")
    _need(all(i >= 0 for i in op.inputs[:least]), "lacks a required input")


def _anything(graph: Graph, op: Op) -> None:
    """Kinds whose rules are checked where they are folded away."""


def _activations(graph: Graph, op: Op, *tensors: Tensor) -> None:
    types = {t.dtype for t in tensors}
    _need(len(types) == 1 and types <= {INT8, INT16}, f"mixes element types {sorted(str(t) for t in types)}")


def _weights(image: Tensor, weights: Tensor, axis: int) -> None:
    _need(weights.constant, "has weights that are no constant")
    _need(weights.dtype == INT8, f"has weights of type {weights.dtype}; int8 is needed")
    _need(weights.quant is not None, "has weights without scales")
    channels = weights.shape[axis]
    _need(
        weights.q.scales.size in (1, channels),
        f"has {weights.q.scales.size} weight scales for {channels} channels",
    )
    if weights.q.per_channel:
        _need(weights.q.axis == axis, f"has weights quantized along axis {weights.q.axis} instead of {axis}")
        _need(not weights.q.zero_points.any(), "has per-channel weights with a zero point other than 0")
    scales = weights.q.scales
    _need(
        bool(np.all(np.isfinite(scales))) and float(scales.min()) > 0,
        "has a weight scale that is not positive",
    )


def _bias(image: Tensor, bias: Tensor | None, channels: int) -> None:
    if bias is None:
        return
    _need(bias.constant, "has a bias that is no constant")
    wanted = {INT64, INT32} if image.dtype == INT16 else {INT32}
    _need(bias.dtype in wanted, f"has a bias of type {bias.dtype}")
    _need(bias.elements == channels, f"has {bias.elements} biases for {channels} output channels")


def output_size(size: tuple[int, int], window: Window) -> tuple[int, int]:
    """Height and width that a window leaves of an image, its padding included."""
    p = window.padding
    return (
        (size[0] + p.top + p.bottom - (window.size[0] - 1) * window.dilation[0] - 1) // window.stride[0] + 1,
        (size[1] + p.left + p.right - (window.size[1] - 1) * window.dilation[1] - 1) // window.stride[1] + 1,
    )


def _image_out(op: Op, image: Tensor, out: Tensor, channels: int) -> None:
    wanted = (1, *output_size((image.shape[1], image.shape[2]), op.w), channels)
    _need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")


def _conv(graph: Graph, op: Op) -> None:
    _arity(graph, op, 2, 3)
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    _activations(graph, op, image, out)
    _weights(image, weights, 0)
    _need(not weights.q.zero_points.any(), "has weights with a zero point other than 0")
    _need(
        weights.shape[3] == image.shape[3],
        f"has weights for {weights.shape[3]} channels, input {image.shape[3]}",
    )
    _bias(image, graph.optional(op, 2), weights.shape[0])
    _image_out(op, image, out, weights.shape[0])


def _depthwise(graph: Graph, op: Op) -> None:
    _arity(graph, op, 2, 3)
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    _activations(graph, op, image, out)
    _weights(image, weights, 3)
    _need(not weights.q.zero_points.any(), "has weights with a zero point other than 0")
    _need(weights.shape[0] == 1, f"has weights of shape {weights.shape}")
    _bias(image, graph.optional(op, 2), weights.shape[3])
    _image_out(op, image, out, weights.shape[3])


def _dense(graph: Graph, op: Op) -> None:
    _arity(graph, op, 2, 3)
    image, weights, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    _activations(graph, op, image, out)
    _need(len(weights.shape) == 2, f"has weights of shape {weights.shape}; rank 2 is needed")
    _weights(image, weights, 0)
    units, depth = weights.shape
    _need(
        depth > 0 and units > 0 and image.elements % depth == 0,
        f"has {depth} weights a unit for {image.shape}",
    )
    _need(out.elements == image.elements // depth * units, f"writes shape {out.shape}")
    _bias(image, graph.optional(op, 2), units)


def _elementwise(graph: Graph, op: Op) -> None:
    _arity(graph, op, 2, 2)
    a, b, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    _activations(graph, op, a, b, out)
    for t in (a, b):
        _need(t.quant is not None and not t.quant.per_channel, "needs one scale for each input")
    try:
        wanted = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise _BrokenRule(f"cannot combine shapes {a.shape} and {b.shape}") from None
    _need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its inputs")


def _pad(graph: Graph, op: Op) -> None:
    _arity(graph, op, 2, 2)
    image, amounts, out = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]], graph.out(op)
    _need(amounts.data is not None, "has padding amounts that are no constant")
    _need(amounts.shape == (len(image.shape), 2), f"has padding amounts of shape {amounts.shape}")
    table = np.asarray(amounts.data, np.int64)
    _need(bool((table >= 0).all()) and int(table.max(initial=0)) <= 4096, "has impossible padding amounts")
    wanted = tuple(d + int(a) + int(b) for d, (a, b) in zip(image.shape, table, strict=True))
    _need(out.shape == wanted, f"writes shape {out.shape} where {wanted} follows from its input")
    _same_quantization(image, out)


def _same_quantization(a: Tensor, b: Tensor) -> None:
    _need(a.dtype == b.dtype, f"turns {a.dtype} into {b.dtype}")
    if a.dtype in (INT8, INT16):
        same = a.q.scale == b.q.scale and a.q.zero_point == b.q.zero_point
        _need(same, "changes scale or zero point, which it must not")


def _reshape(graph: Graph, op: Op) -> None:
    image, out = graph.tensors[op.inputs[0]], graph.out(op)
    _need(image.elements == out.elements, f"turns shape {image.shape} into {out.shape}")
    _same_quantization(image, out)


_RULES: dict[OpKind, Callable[[Graph, Op], None]] = {
    OpKind.ADD: _elementwise,
    OpKind.CONV_2D: _conv,
    OpKind.DEPTHWISE_CONV_2D: _depthwise,
    OpKind.FULLY_CONNECTED: _dense,
    OpKind.MUL: _elementwise,
    OpKind.PAD: _pad,
    OpKind.RESHAPE: _reshape,
    OpKind.SQUEEZE: _reshape,
    OpKind.EXPAND_DIMS: _reshape,
}
