"""QUANTIZE at the input and DEQUANTIZE at the output, left to the host.

The host quantizes windows with the same formula, and turns the integers that come back into the
same float32 numbers, so that a device need not know float at all.
"""

from __future__ import annotations

from dataclasses import replace

from emgdeploy.graph.axes import axes_of, transposed_origin
from emgdeploy.graph.operators.conversion import DEQUANTIZE, QUANTIZE
from emgdeploy.graph.operators.layout import TRANSPOSE
from emgdeploy.graph.types import Graph, Op, Tensor


def drop_float_io(graph: Graph) -> Graph:
    """The model takes what its QUANTIZE writes and gives what its DEQUANTIZE reads.

    One layout change of the float32 numbers may lie between; it then moves the integers.
    """
    return _integer_output(_integer_input(graph))


def _integer_input(graph: Graph) -> Graph:
    image = graph.tensors[graph.inputs[0]]
    readers = graph.consumers().get(image.index, [])
    if image.dtype.kind != "f" or len(readers) != 1:
        return graph
    first = readers[0]
    if first.kind is QUANTIZE:
        kept = tuple(op for op in graph.ops if op is not first)
        return replace(graph, ops=kept, inputs=first.outputs)
    then = graph.consumers().get(first.outputs[0], [])
    if not _lays_out(first) or len(then) != 1 or then[0].kind is not QUANTIZE:
        return graph
    quantized = graph.out(then[0])
    taken = _as(graph, image, quantized)
    moved = replace(first, inputs=(taken.index, *first.inputs[1:]), outputs=(quantized.index,))
    ops = tuple(moved if op is first else op for op in graph.ops if op is not then[0])
    return replace(graph.with_tensor(taken), ops=ops, inputs=(taken.index,))


def _integer_output(graph: Graph) -> Graph:
    last = graph.producers().get(graph.outputs[0])
    if last is None or graph.out(last).dtype.kind != "f":
        return graph
    if last.kind is DEQUANTIZE:
        return replace(graph, ops=_unless_read(graph, graph.ops, last), outputs=(last.inputs[0],))
    before = graph.producers().get(last.inputs[0])
    if not _lays_out(last) or before is None or before.kind is not DEQUANTIZE:
        return graph
    integers = graph.tensors[before.inputs[0]]
    given = _as(graph, graph.out(last), integers)
    if last.kind is TRANSPOSE:
        given = replace(given, origin=transposed_origin(integers, axes_of(graph, last)))
    moved = replace(last, inputs=(integers.index, *last.inputs[1:]), outputs=(given.index,))
    ops = tuple(moved if op is last else op for op in graph.ops)
    graph = replace(graph.with_tensor(given), ops=ops, outputs=(given.index,))
    return graph.with_ops(_unless_read(graph, ops, before))


def _lays_out(op: Op) -> bool:
    return op.kind.view or op.kind is TRANSPOSE


def _as(graph: Graph, shape_of: Tensor, like: Tensor) -> Tensor:
    """A new tensor of one's shape and the other's integers."""
    return replace(like, index=max(graph.tensors) + 1, shape=shape_of.shape, name=shape_of.name)


def _unless_read(graph: Graph, ops: tuple[Op, ...], op: Op) -> tuple[Op, ...]:
    """The operators without `op`, unless another one reads what it writes."""
    return ops if graph.consumers().get(op.outputs[0]) else tuple(o for o in ops if o is not op)
