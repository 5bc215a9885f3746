"""Activations into producers, chains of tables into one, copies into views, dead operators away."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.graph import read_tflite
from emgdeploy.graph.operators.layout import RESHAPE
from emgdeploy.graph.passes.drop_dead import drop_dead
from emgdeploy.graph.passes.drop_identities import drop_identities
from emgdeploy.graph.passes.fuse_activations import fuse_activations
from emgdeploy.graph.passes.fuse_lookups import fuse_lookups
from emgdeploy.graph.types import Activation
from support.models.maker import Maker, Value
from support.models.passes import kinds, proven
from support.models.tflite_writer import options
from support.random_models import random_elementwise as elementwise
from support.random_models.random_layout import transposed
from support.random_models.random_reduction import average_pool, max_pool
from support.random_models.random_weighted import conv, dense, depthwise


def start(shape: tuple[int, ...] = (1, 5, 4, 3), seed: int = 0, dtype: str = "int8") -> tuple[Maker, Value]:
    m = Maker(seed, dtype)
    m.values.append(m.value(shape))
    return m, m.values[0]


def finish(m: Maker, value: Value) -> bytes:
    return m.writer.finish([m.values[0].index], [value.index])


PRODUCERS = (conv, depthwise, dense, max_pool, average_pool, elementwise.add, elementwise.mul)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("relu", ["RELU", "RELU6"])
def test_an_activation_of_the_same_scale_joins_its_producer(
    relu: str, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fused = 0
    for seed, producer in enumerate(PRODUCERS):
        m, x = start(seed=seed, dtype=dtype)
        before = producer(m, x)
        y = m.op(relu, [before.index], m.like(before.shape, before))
        graph = proven(finish(m, y), fuse_activations, tmp_path / str(seed), monkeypatch)
        fused += relu not in kinds(graph)
    assert fused >= 4


def test_an_activation_of_another_scale_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start()
    before = conv(m, x)
    y = m.op("RELU", [before.index], m.quantized(before.shape, before.scale * 1.5, before.zero_point))
    graph = proven(finish(m, y), fuse_activations, tmp_path, monkeypatch)
    assert kinds(graph) == ["CONV_2D", "RELU"]


def test_two_activations_in_a_row_become_the_narrower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start()
    y = m.quantized(x.shape, 0.05, -100)
    m.op("ADD", [x.index, x.index], y, options("AddOptions", "NONE", potScaleInt16=False))
    for relu in ("RELU6", "RELU"):
        y = m.op(relu, [y.index], m.like(y.shape, y))
    graph = proven(finish(m, y), fuse_activations, tmp_path, monkeypatch)
    assert [op.activation for op in graph.ops] == [Activation.RELU6]


@pytest.mark.parametrize("seed", range(6))
def test_a_chain_of_tables_is_one_table(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start(seed=seed)
    y = x
    layers = ("leaky_relu", "requantize", "through_float", "relu6", "logistic", "requantize")
    for layer in layers:
        y = getattr(elementwise, layer)(m, y)
    graph = proven(finish(m, y), fuse_lookups, tmp_path, monkeypatch)
    assert len(graph.ops) == 1
    assert len(graph.ops[0].chain) == len(layers) + 1


def test_a_chain_may_widen_but_not_end_in_float(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start()
    y = elementwise.change_type(m, elementwise.relu(m, elementwise.leaky_relu(m, x)))
    real = m.writer.tensor(y.shape, "float32")
    m.writer.op("DEQUANTIZE", [y.index], real, options("DequantizeOptions"))
    tflite = m.writer.finish([x.index], [real])
    graph = proven(tflite, fuse_lookups, tmp_path, monkeypatch)
    assert kinds(graph) == ["QUANTIZE", "DEQUANTIZE"]


def test_a_value_that_somebody_else_reads_ends_a_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, x = start()
    a = elementwise.leaky_relu(m, x)
    b = elementwise.requantize(m, a)
    y = m.op("MUL", [a.index, b.index], m.value(x.shape), options("MulOptions", "NONE"))
    graph = proven(finish(m, y), fuse_lookups, tmp_path, monkeypatch)
    assert kinds(graph) == ["LEAKY_RELU", "QUANTIZE", "MUL"]


def test_what_copies_is_a_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start((1, 5, 1, 3))
    y = transposed(m, x, (0, 2, 1, 3))
    y = m.op("QUANTIZE", [y.index], m.like(y.shape, y), options("QuantizeOptions"))
    y = m.op("PAD", [y.index, m.integers([[0, 0]] * 4)], m.like(y.shape, y), options("PadOptions"))
    y = m.op("CONCATENATION", [y.index], m.like(y.shape, y), options("ConcatenationOptions", "NONE", axis=1))
    graph = proven(finish(m, y), drop_identities, tmp_path, monkeypatch)
    assert {op.kind for op in graph.ops} == {RESHAPE}


def test_relu_is_a_copy_where_nothing_lies_below_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for zero_point, left in ((-128, "RESHAPE"), (-127, "RELU")):
        m = Maker(0)
        m.values.append(m.quantized((1, 20), 0.1, zero_point))
        y = m.op("RELU", [m.values[0].index], m.quantized((1, 20), 0.1, zero_point))
        graph = proven(finish(m, y), drop_identities, tmp_path / left, monkeypatch)
        assert kinds(graph) == [left]


def test_what_nobody_reads_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m, x = start()
    conv(m, elementwise.relu(m, x))
    y = depthwise(m, x)
    tflite = finish(m, y)
    assert len(read_tflite(tflite).ops) == 3
    assert kinds(proven(tflite, drop_dead, tmp_path, monkeypatch)) == ["DEPTHWISE_CONV_2D"]
