"""Normalizations that a file computes in float32: one operator, equal to the reference in every bit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from emgdeploy.convert.reference import evaluate
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from emgdeploy.graph.reader import read_functions
from support.machines.proof import prove
from support.models.tflite_writer import ModelWriter, options

OPTIONS = {name: f"{name.title()}Options" for name in ("ADD", "DIV", "MUL", "SUB")}
ONE = ("ABS", "NEG", "RELU", "SQUARE")
TWO = ("ADD", "MAXIMUM", "MINIMUM", "MUL", "SQUARED_DIFFERENCE", "SUB", "DIV")


class Island:
    """int8 in, float32 between, int8 out. `rows`: the shape of what reductions give."""

    def __init__(self, shape: tuple[int, ...], axes: tuple[int, ...], step: float, zero_point: int) -> None:
        self.writer, self.shape, self.axes = ModelWriter(), shape, axes
        self.rows = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        self.entry = self.writer.tensor(shape, "int8", step, zero_point)
        self.x = self.add("DEQUANTIZE", [self.entry])

    def add(self, kind: str, inputs: list[int], rows: bool = False, activation: int = 0) -> int:
        out = self.writer.tensor(self.rows if rows else self.shape, "float32")
        table = options(OPTIONS[kind], fusedActivationFunction=activation) if kind in OPTIONS else None
        self.writer.op(kind, inputs, out, table)
        return out

    def reduced(self, kind: str, x: int) -> int:
        axes = self.writer.tensor((len(self.axes),), "int32", data=np.array(self.axes, np.int32))
        out = self.writer.tensor(self.rows, "float32")
        self.writer.op(kind, [x, axes], out, options("ReducerOptions", keepDims=True))
        return out

    def constant(self, values: Any) -> int:
        data = np.asarray(values, np.float32)
        return self.writer.tensor(data.shape, "float32", data=data)

    def limited(self, x: int, rows: bool = False) -> int:
        """What overflows, or is no number, is nothing that the reference defines."""
        low = self.add("MAXIMUM", [x, self.constant([-1e3])], rows)
        return self.add("MINIMUM", [low, self.constant([1e3])], rows)

    def finish(self, last: int, scale: float = 0.03, zero_point: int = -7) -> bytes:
        out = self.writer.tensor(self.shape, "int8", scale, zero_point)
        self.writer.op("QUANTIZE", [last], out)
        return self.writer.finish([self.entry], [out])


def normalized(island: Island, epsilon: float = 1e-5, scale: Any = 1.0, shift: Any = 0.0) -> int:
    """As the converter spells LayerNorm."""
    centred = island.add("SUB", [island.x, island.reduced("MEAN", island.x)])
    variance = island.reduced("MEAN", island.add("MUL", [centred, centred]))
    root = island.add(
        "RSQRT", [island.add("ADD", [variance, island.constant([epsilon])], rows=True)], rows=True
    )
    y = island.add("MUL", [island.add("MUL", [centred, root]), island.constant(scale)])
    return island.add("ADD", [y, island.constant(shift)])


@st.composite
def islands(draw: st.DrawFn) -> bytes:
    """A mean, then up to six steps: of rows, of single numbers and of constants that repeat in any way."""
    rank = draw(st.integers(2, 4))
    shape = (1, *(draw(st.integers(1, 7)) for _ in range(rank - 1)))
    axes = tuple(sorted(draw(st.sets(st.integers(1, rank - 1), min_size=1))))
    island = Island(shape, axes, draw(st.floats(0.005, 0.2)), draw(st.integers(-128, 127)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    whole, rows = [island.x], [island.reduced("MEAN", island.x)]

    def constant(sizes: tuple[int, ...]) -> int:
        kept = tuple(size if draw(st.booleans()) else 1 for size in sizes)
        return island.constant(rng.uniform(0.5, 2.5, kept))

    def either(others: list[int], sizes: tuple[int, ...]) -> int:
        if kind != "DIV" and draw(st.booleans()):
            return int(draw(st.sampled_from(others)))
        return constant(sizes)

    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from((*ONE, *TWO, *TWO, "MEAN", "root")))
        activation = draw(st.sampled_from((0, 0, 0, 1, 2, 3)))
        if kind == "MEAN":
            rows.append(island.reduced(kind, draw(st.sampled_from(whole))))
        elif kind == "root":
            positive = island.add("ABS", [draw(st.sampled_from(rows))], rows=True)
            safe = island.add("ADD", [positive, island.constant([0.01])], rows=True)
            rows.append(island.add(draw(st.sampled_from(("SQRT", "RSQRT"))), [safe], rows=True))
        elif draw(st.booleans()):
            a = draw(st.sampled_from(whole))
            b = () if kind in ONE else (either([*whole, *rows], shape),)
            order = [a, *b] if kind == "DIV" else draw(st.permutations([a, *b]))
            whole.append(island.limited(island.add(kind, order, activation=activation)))
        else:
            a = draw(st.sampled_from(rows))
            b = () if kind in ONE else (either(rows, island.rows),)
            made = island.add(kind, [a, *b], rows=True, activation=activation)
            rows.append(island.limited(made, rows=True))
    last = whole[0]
    for made in (*whole[1:], *rows):  # nothing is left unread
        last = island.add("SUB", [last, made])
    return island.finish(island.limited(last), draw(st.floats(0.01, 0.5)), draw(st.integers(-128, 127)))


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tflite=islands())
def test_any_program_over_rows_equals_the_reference(tflite: bytes, tmp_path: Path) -> None:
    graph = read_tflite(tflite, evaluate=evaluate)
    assert [op.kind.name for op in graph.ops] == ["FLOAT_ROWS"]
    assert prove(tflite, tmp_path, flags=("-O2",)).windows == 8


@pytest.mark.parametrize(
    ("shape", "axes", "constant"),
    [
        ((1, 6, 32), (2,), (32,)),
        ((1, 5, 4, 8), (1, 3), (4, 8)),
        ((1, 50, 3), (1,), (3,)),
        ((1, 4, 3, 6), (1, 2), (1, 1, 1, 6)),
        ((1, 7, 9), (1, 2), (7, 9)),
    ],
    ids=["layer", "group", "instance", "instance of images", "whole"],
)
def test_the_usual_normalizations(
    shape: tuple[int, ...], axes: tuple[int, ...], constant: tuple[int, ...], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    island = Island(shape, axes, 0.05, 3)
    last = normalized(island, 1e-5, rng.normal(1, 0.2, constant), rng.normal(0, 0.2, constant))
    tflite = island.finish(last)
    (function,) = read_functions(tflite)
    assert not function.tabled and "RSQRT" in function.operators
    proof = prove(tflite, tmp_path)
    assert proof.distinct_outputs > 4
    (layer,) = proof.generated.layers
    assert layer.op == "FLOAT_ROWS"


def test_what_cannot_be_one_program_is_refused_by_name(tmp_path: Path) -> None:
    island = Island((1, 4, 5), (2,), 0.1, 0)
    cosine = island.add("COS", [island.add("SUB", [island.x, island.reduced("MEAN", island.x)])])
    with pytest.raises(InputError, match="float32"):
        read_tflite(island.finish(cosine), evaluate=evaluate)


def test_roots_are_those_of_ieee(tmp_path: Path) -> None:
    """Of every size, through the kernel: the root of a row's only number."""
    for power in (-30, -3, 0, 7, 30):
        island = Island((1, 64, 1), (2,), 0.05 * math.pi, -128)
        factor = island.constant([2.0**power])
        grown = island.add("MUL", [island.reduced("MEAN", island.x), factor], rows=True)
        root = island.add("SQRT", [grown], rows=True)
        y = island.add("MUL", [island.add("ADD", [island.x, root]), island.constant([2.0 ** (-power / 2)])])
        prove(island.finish(y, 0.02, -128), tmp_path, flags=("-O2",))
