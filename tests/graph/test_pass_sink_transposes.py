"""Transpositions sink until they cancel or become an order of weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.graph import read_tflite
from emgdeploy.graph.operators.layout import TRANSPOSE
from emgdeploy.graph.operators.reduction import MEAN
from emgdeploy.graph.passes.sink_transposes import sink_transposes
from support.models.maker import Maker, Value
from support.models.passes import count, kinds, proven
from support.models.tflite_writer import options
from support.random_models import random_elementwise as elementwise
from support.random_models.random_layout import transposed
from support.random_models.random_reduction import mean
from support.random_models.random_weighted import dense, depthwise, padded

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def start(shape: tuple[int, ...] = (1, 5, 4, 3), seed: int = 0, dtype: str = "int8") -> tuple[Maker, Value]:
    m = Maker(seed, dtype)
    value = m.value(shape)
    m.values.append(value)
    return m, value


def finish(m: Maker, value: Value) -> bytes:
    return m.writer.finish([m.values[0].index], [value.index])


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_padding_channels_first_costs_no_transposition(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start(dtype=dtype)
    y = depthwise(m, transposed(m, padded(m, transposed(m, x, FIRST), (2, 3), 2), LAST))
    graph = proven(finish(m, y), sink_transposes, tmp_path, monkeypatch)
    assert kinds(graph) == ["PAD", "DEPTHWISE_CONV_2D"]


@pytest.mark.parametrize("layer", ["relu", "leaky_relu", "logistic", "requantize", "change_type", "prelu"])
def test_element_by_element_operators_work_on_the_source(
    layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(4):
        m, x = start(seed=seed)
        y = transposed(m, getattr(elementwise, layer)(m, transposed(m, x, FIRST)), LAST)
        graph = proven(finish(m, y), sink_transposes, tmp_path / str(seed), monkeypatch)
        assert count(graph, TRANSPOSE) == 0


@pytest.mark.parametrize("layer", ["add", "mul"])
def test_constant_operands_are_transposed_by_the_compiler(
    layer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(8):
        m, x = start(seed=seed)
        first = transposed(m, x, FIRST)
        other = transposed(m, x, FIRST)
        m.values = [m.values[0], other]
        y = transposed(m, getattr(elementwise, layer)(m, first), LAST)
        graph = proven(finish(m, y), sink_transposes, tmp_path / str(seed), monkeypatch)
        assert count(graph, TRANSPOSE) == 0


def test_a_dense_layer_takes_its_weights_in_another_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start()
    flat = m.reshaped(transposed(m, x, FIRST), (1, 60))
    kernel = m.writer.tensor((4, 60), "int8", 0.01, 0, m.numbers((4, 60), 128))
    y = m.op("FULLY_CONNECTED", [flat.index, kernel], m.value((1, 4), 5.0),
             options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=False))  # fmt: skip
    graph = proven(finish(m, y), sink_transposes, tmp_path, monkeypatch)
    assert kinds(graph) == ["FULLY_CONNECTED"]


@pytest.mark.parametrize("seed", range(6))
def test_a_mean_takes_the_axes_of_the_source(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start(seed=seed)
    y = mean(m, transposed(m, x, (0, 3, 2, 1)))
    graph = proven(finish(m, y), sink_transposes, tmp_path, monkeypatch)
    assert graph.ops[0].kind is MEAN


def test_a_join_of_equally_transposed_operands_happens_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start()
    a, b = transposed(m, x, FIRST), m.op("RELU", [(t := transposed(m, x, FIRST)).index], m.like(t.shape, x))
    joined = m.like((1, 6, 5, 4), x)
    m.op("CONCATENATION", [a.index, b.index], joined, options("ConcatenationOptions", "NONE", axis=1))
    graph = proven(finish(m, transposed(m, joined, LAST)), sink_transposes, tmp_path, monkeypatch)
    assert kinds(graph) == ["RELU", "CONCATENATION"]
    assert graph.ops[-1].axis == 3


def test_softmax_moves_only_where_its_axis_stays_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for axes, left in (((0, 2, 1, 3), 0), (FIRST, 2)):
        m, x = start()
        back = tuple(axes.index(a) for a in range(4))
        y = transposed(m, elementwise.softmax(m, transposed(m, x, axes)), back)
        graph = proven(finish(m, y), sink_transposes, tmp_path / str(left), monkeypatch)
        assert count(graph, TRANSPOSE) == left


def test_moving_only_axes_of_one_element_is_a_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start((1, 5, 4, 1))
    graph = proven(finish(m, transposed(m, x, FIRST)), sink_transposes, tmp_path, monkeypatch)
    assert kinds(graph) == ["RESHAPE"]


def test_a_graph_that_would_move_more_bytes_stays_as_it_is() -> None:
    """One transposition that two operators insist on, one of them only after a wider type."""
    m, x = start()
    t = transposed(m, x, FIRST)
    wide = elementwise.through_float(m, t)
    y = elementwise.excite(m, wide)
    before = read_tflite(finish(m, y))
    assert count(sink_transposes(before), TRANSPOSE) <= count(before, TRANSPOSE)


@pytest.mark.parametrize("seed", range(5))
def test_chains_of_permutations_compose(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start(seed=seed)
    y = x
    for _ in range(3):
        y = transposed(m, y, (0, *(1 + m.rng.permutation(3)).tolist()))
    graph = proven(finish(m, y), sink_transposes, tmp_path, monkeypatch)
    assert len(graph.ops) <= 1


def test_dense_by_rows_gets_the_transposed_tensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start()
    rows = transposed(m, x, FIRST)
    kernel = m.writer.tensor((2, 4), "int8", 0.01, 0, np.ones((2, 4)))
    y = m.op("FULLY_CONNECTED", [rows.index, kernel], m.value((1, 3, 5, 2), 5.0),
             options("FullyConnectedOptions", "NONE", weightsFormat=0, keepNumDims=True))  # fmt: skip
    graph = proven(finish(m, y), sink_transposes, tmp_path, monkeypatch)
    assert kinds(graph) == ["TRANSPOSE", "FULLY_CONNECTED"]


def test_a_dense_layer_after_two_views_still_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start()
    y = dense(m, m.reshaped(m.reshaped(transposed(m, x, FIRST), (1, 12, 5)), (1, 60)))
    proven(finish(m, y), sink_transposes, tmp_path, monkeypatch)
