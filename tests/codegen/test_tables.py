"""Functions of one int8 tensor as tables that the reference fills: whole networks, every tensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emgdeploy.codegen.lower.lookup import lookup_table
from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.errors import InputError
from emgdeploy.graph import Graph, read_tflite
from emgdeploy.graph.passes import simplify
from emgdeploy.graph.reader import read_functions
from support.machines.proof import prove
from support.models.one_op import every
from support.models.tflite_writer import ModelWriter, options

SHAPE = (1, 4, 64, 1)
# Functions of one float32 number that the reference has kernels of, and of two.
ONE = (
    "ABS",
    "COS",
    "EXP",
    "FLOOR",
    "LOGISTIC",
    "NEG",
    "RELU",
    "RELU6",
    "RSQRT",
    "SIGN",
    "SIN",
    "SQRT",
    "SQUARE",
    "TANH",
)
TWO = ("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "POW", "SQUARED_DIFFERENCE", "SUB")
TESTS = ("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL")
OPTIONS = {"ADD": "AddOptions", "DIV": "DivOptions", "MUL": "MulOptions", "SUB": "SubOptions"}


class Island:
    """int8 in, float32 between, int8 out."""

    def __init__(self, step: float = 0.05, zero_point: int = 3, shape: tuple[int, ...] = SHAPE) -> None:
        self.writer, self.shape = ModelWriter(), shape
        self.entry = self.writer.tensor(shape, "int8", step, zero_point)
        self.values = [self.add("DEQUANTIZE", [self.entry])]

    def add(self, kind: str, inputs: list[int], dtype: str = "float32") -> int:
        out = self.writer.tensor(self.shape, dtype)
        self.writer.op(kind, inputs, out, options(OPTIONS[kind]) if kind in OPTIONS else None)
        return out

    def number(self, value: float) -> int:
        return self.writer.tensor((1,), "float32", data=np.array([value], np.float32))

    def finish(self, last: int, scale: float = 0.03) -> bytes:
        out = self.writer.tensor(self.shape, "int8", scale, -7)
        self.writer.op("QUANTIZE", [last], out)
        return self.writer.finish([self.entry], [out])


def table_of(tflite: bytes) -> tuple[Graph, NDArray[Any]]:
    """The graph that is left, and the outputs of its only operator for all inputs."""
    graph = simplify(read_tflite(tflite, evaluate=evaluate))
    (op,) = graph.ops
    table = lookup_table(graph, op)
    assert table is not None
    return graph, table


def reference_of(tflite: bytes, shape: tuple[int, ...] = SHAPE) -> NDArray[Any]:
    return Reference(tflite, keep_tensors=False).run(every("int8").reshape(shape)).ravel()


@st.composite
def islands(draw: st.DrawFn) -> bytes:
    """A chain or diamond of up to eight operators; each operand is an earlier result or a number."""
    island = Island(draw(st.floats(0.005, 0.2)), draw(st.integers(-128, 127)))
    numbers = st.floats(-3, 3, width=32)
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from((*ONE, *TWO, "SELECT_V2")))
        a = draw(st.sampled_from(island.values[-3:]))
        if kind in ONE:
            made = island.add(kind, [a])
        else:
            b = draw(st.sampled_from([*island.values, island.number(draw(numbers))]))
            if kind == "SELECT_V2":
                test = island.add(draw(st.sampled_from(TESTS)), [a, island.number(draw(numbers))], "bool")
                made = island.add(kind, [test, a, b])
            else:
                made = island.add(kind, [a, b] if draw(st.booleans()) else [b, a])
        island.values.append(
            island.add("MINIMUM", [made, island.number(1e3)])
        )  # no overflow where it is rounded
        island.values[-1] = island.add("MAXIMUM", [island.values[-1], island.number(-1e3)])
    return island.finish(island.values[-1], draw(st.floats(0.01, 0.5)))


@settings(max_examples=100, deadline=None)
@given(islands())
def test_chains_and_diamonds_are_one_table_that_the_reference_agrees_with(tflite: bytes) -> None:
    graph, table = table_of(tflite)
    assert [op.kind.name for op in graph.ops] in (["LOOKUP"], ["QUANTIZE"])
    assert np.array_equal(table, reference_of(tflite))


def int8_silu() -> bytes:
    w = ModelWriter()
    x = w.tensor(SHAPE, "int8", 0.05, 3)
    s, y = w.tensor(SHAPE, "int8", 1 / 256, -128), w.tensor(SHAPE, "int8", 0.03, -100)
    w.op("LOGISTIC", [x], s)
    w.op("MUL", [x, s], y, options("MulOptions"))
    return w.finish([x], [y])


def int8_alone(kind: str, inputs: int = 1) -> Callable[[], bytes]:
    def build() -> bytes:
        w = ModelWriter()
        x, y = w.tensor(SHAPE, "int8", 0.05, 3), w.tensor(SHAPE, "int8", 0.05, 3)
        w.op(kind, [x] * inputs, y, options(OPTIONS[kind]) if kind in OPTIONS else None)
        return w.finish([x], [y])

    return build


@pytest.mark.parametrize("build", [int8_silu, int8_alone("MUL", 2), int8_alone("SQUARED_DIFFERENCE", 2)])
def test_integer_diamonds_and_operators_without_a_kernel_of_ours_are_tables(
    build: Callable[[], bytes],
) -> None:
    graph, table = table_of(build())
    assert [op.kind.name for op in graph.ops] == ["LOOKUP"]
    assert np.array_equal(table, reference_of(build()))


def test_where_the_reference_stops_the_nearest_answer_stands() -> None:
    """RSQRT is an error below zero and, at zero, the largest number."""
    _, table = table_of(int8_alone("RSQRT")())
    x = every("int8")[0]
    defined = x >= 3
    wanted = reference_of_values(int8_alone("RSQRT")(), x[defined])
    assert np.array_equal(table[defined], wanted)
    assert set(table[~defined]) == {wanted[0]}


def reference_of_values(tflite: bytes, values: NDArray[Any]) -> NDArray[Any]:
    filled = np.resize(values, SHAPE)
    return Reference(tflite, keep_tensors=False).run(filled).ravel()[: values.size]


def test_an_operator_with_a_table_of_its_own_keeps_it() -> None:
    tflite = int8_alone("RELU")()
    assert read_tflite(tflite, evaluate=evaluate).ops == read_tflite(tflite).ops


def test_a_function_is_known_by_its_layer_operators_and_tensors() -> None:
    island = Island()
    last = island.add("EXP", [island.add("NEG", [island.values[0]])])
    (function,) = read_functions(island.finish(last))
    assert function.operators == ("NEG", "EXP")
    assert {f"t{i}" for i in range(5)} <= function.tensors


def constant_per_channel() -> bytes:
    island = Island(shape=(1, 4, 2))
    factors = island.writer.tensor((2,), "float32", data=np.array([1, 2], np.float32))
    return island.finish(island.add("MUL", [island.values[0], factors]))


def of_two_tensors() -> bytes:
    island = Island()
    other = island.writer.tensor(SHAPE, "int8", 0.1, 0)
    island.writer.op("ABS", [island.entry], other, options("AbsOptions"))
    rows = island.writer.tensor((1, 4, 1, 1), "int8", 0.1, 0)
    axes = island.writer.tensor((1,), "int32", data=np.array([2]))
    island.writer.op("MEAN", [other, axes], rows, options("ReducerOptions", keepDims=True))
    real = island.writer.tensor((1, 4, 1, 1), "float32")
    island.writer.op("DEQUANTIZE", [rows], real)
    return island.finish(island.add("POW", [island.values[0], real]))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (constant_per_channel, r"computes on float32|mixes element types"),
        (of_two_tensors, r"POW.* is supported only within a function of one int8 tensor"),
        (
            lambda: (i := Island()).finish(i.add("ELU", [i.values[0]])),
            r"the reference interpreter cannot compute",
        ),
    ],
)
def test_what_is_no_such_function_is_refused_by_name(build: Callable[[], bytes], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_tflite(build(), evaluate=evaluate)


def test_without_an_interpreter_functions_are_refused() -> None:
    island = Island()
    with pytest.raises(InputError, match=r"NEG.* is supported only within"):
        read_tflite(island.finish(island.add("NEG", [island.values[0]])))


def test_generated_c_equals_the_reference_in_every_tensor(tmp_path: Path) -> None:
    island = Island()
    x = island.values[0]
    proof = prove(island.finish(island.add("MUL", [x, island.add("TANH", [x])])), tmp_path)
    assert proof.windows == 8
