"""Random loops over a state, as convert writes them for recurrent layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from support.models.maker import Maker, Value
from support.models.tflite_writer import options


def loop(m: Maker, image: Value) -> Value:
    """WHILE over the rows of an image: each is added to a dense layer of the state, then bent by a function."""
    if m.dtype != "int8" or not image.shape[-1] * 2 <= image.elements <= 600:
        return image
    rows, units = image.elements // image.shape[-1], m.number(1, 9)
    series = m.reshaped(image, (rows, image.shape[-1]))
    first = m.integers(0)
    m.writer.graph.tensors[first].shape = []
    state = m.constant((1, units), 1.0)
    past = m.constant_like((rows, units), state)
    given = [first, series.index, state.index, past.index]
    condition = _condition(m, series, state, past)
    body = _body(m, series, state, past)
    left = [_scalar(m), m.like(series.shape, series).index, m.like(state.shape, state).index]
    out = m.like(past.shape, past)
    table = options("WhileOptions", condSubgraphIndex=condition, bodySubgraphIndex=body)
    m.writer.op("WHILE", given, [*left, out.index], table)
    return m.reshaped(out, (1, rows, units))


@contextmanager
def _subgraph(m: Maker) -> Iterator[schema.SubGraphT]:
    """What is written within goes to a subgraph of its own."""
    graph, outer = schema.SubGraphT(), m.writer.graph
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
    m.writer.model.subgraphs.append(graph)
    m.writer.graph = graph
    yield graph
    m.writer.graph = outer


def _scalar(m: Maker, dtype: str = "int32") -> int:
    return m.writer.tensor((), dtype)


def _carried(m: Maker, series: Value, state: Value, past: Value) -> tuple[int, Value, Value, Value]:
    rows, last, before = (m.like(value.shape, value) for value in (series, state, past))
    return _scalar(m), rows, last, before


def _condition(m: Maker, series: Value, state: Value, past: Value) -> int:
    with _subgraph(m) as graph:
        count, *values = _carried(m, series, state, past)
        steps = m.writer.tensor((), "int32", data=np.asarray(series.shape[0], np.int32))
        less = _scalar(m, "bool")
        m.writer.op("LESS", [count, steps], less, options("LessOptions"))
        graph.inputs, graph.outputs = [count, *(v.index for v in values)], [less]
    return len(m.writer.model.subgraphs) - 1


def _body(m: Maker, series: Value, state: Value, past: Value) -> int:
    with _subgraph(m) as graph:
        count, rows, last, before = _carried(m, series, state, past)
        place, after = m.writer.tensor((1,), "int32"), _scalar(m)
        m.writer.op("RESHAPE", [count, m.integers([1])], place, options("ReshapeOptions", newShape=[1]))
        row = m.like((1, series.shape[1]), series)
        m.op("GATHER", [rows.index, place], row, options("GatherOptions", axis=0, batchDims=0))
        one = m.writer.tensor((), "int32", data=np.asarray(1, np.int32))
        m.writer.op("ADD", [count, one], after, options("AddOptions", "NONE"))
        result = _step(m, row, last)
        joined = _appended(m, before, result)
        graph.inputs = [count, *(v.index for v in (rows, last, before))]
        graph.outputs = [after, rows.index, result.index, joined.index]
    return len(m.writer.model.subgraphs) - 1


def _step(m: Maker, row: Value, last: Value) -> Value:
    summed = m.value(last.shape)
    parts = [_dense(m, part, last.shape) for part in (row, last)]
    m.op("ADD", [p.index for p in parts], summed, options("AddOptions", m.activation()))
    return m.op("HARD_SWISH", [summed.index], m.like(last.shape, last))


def _dense(m: Maker, image: Value, shape: tuple[int, ...]) -> Value:
    out = m.value(shape)
    scale = float(np.float32(out.spread / (image.spread * 70 * image.elements**0.5)))
    data = m.numbers((shape[1], image.shape[1]), 128).astype(np.int8)
    weights = m.writer.tensor(data.shape, "int8", scale, data=data)
    table = options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False)
    return m.op("FULLY_CONNECTED", [image.index, weights, -1], out, table)


def _appended(m: Maker, before: Value, result: Value) -> Value:
    rest = m.like((before.shape[0] - 1, before.shape[1]), before)
    places = [m.integers(numbers) for numbers in ([1, 0], [0, 0], [1, 1])]
    table = options("StridedSliceOptions", beginMask=2, endMask=3)
    m.op("STRIDED_SLICE", [before.index, *places], rest, table)
    out = m.like(before.shape, before)
    return m.op(
        "CONCATENATION", [rest.index, result.index], out, options("ConcatenationOptions", "NONE", axis=0)
    )
