"""Layers are called as their author called them, whatever a converter joins into a tensor's name."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emgdeploy.graph.names import distinct, named_after_layers
from emgdeploy.graph.operators.activation import RELU
from emgdeploy.graph.operators.layout import PAD
from emgdeploy.graph.operators.pairs import ADD
from emgdeploy.graph.operators.reduction import SOFTMAX
from emgdeploy.graph.operators.weighted import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from emgdeploy.graph.types import Graph, Op, Operator, Tensor

CONV, ADD, PAD = CONV_2D, ADD, PAD


def names(*layers: tuple[Operator, str], weights: str = "arith.constant") -> list[str]:
    """What the tensors of a chain are called, whose file has these names."""
    made = [Tensor(i, name, (1, 4), np.dtype(np.int8)) for i, (_, name) in enumerate(layers, 1)]
    constant = Tensor(99, weights, (4,), np.dtype(np.int8), data=np.zeros(4, np.int8))
    tensors = {
        t.index: t for t in (Tensor(0, "serving_default_x:0", (1, 4), np.dtype(np.int8)), *made, constant)
    }
    ops = tuple(Op(i, kind, (i - 1, 99), (i,)) for i, (kind, _) in enumerate(layers, 1))
    graph = Graph(named_after_layers(tensors, ops), ops, (0,), (len(layers),))
    graph = distinct(graph, [(op.outputs[0], op.kind) for op in ops])
    assert graph.tensors[0].name == "x"
    assert graph.tensors[99].name == weights
    return [graph.tensors[t.index].name for t in made]


def test_a_fused_layer_is_called_after_its_weights() -> None:
    assert names((CONV, "layers.0.act/Relu;layers.0.conv1/BiasAdd;layers.0.conv1/Conv2D;Const")) == [
        "layers.0.conv1"
    ]
    assert names((ADD, "block.act/Relu;block.Add/add")) == ["block.Add"]
    assert names((RELU, "block.act/Relu")) == ["block.act"]


def test_keras_names_lose_the_operator_and_what_all_begin_with() -> None:
    joined = "net/re_lu/Relu;net/conv1d/convolution/Squeeze;net/conv1d/convolution"
    found = names(
        (PAD, "net/conv1d_1/Pad"),
        (CONV, joined),
        (CONV, "net/conv1d_1/Conv1D/BatchToSpaceND"),
        (DEPTHWISE_CONV_2D, "net/separable_conv1d_2/separable_conv2d/depthwise1"),
        (FULLY_CONNECTED, "StatefulPartitionedCall_1:01"),
        weights="net/dense_1/MatMul",
    )
    assert found == ["conv1d_1/PAD", "conv1d", "conv1d_1", "separable_conv1d_2", "dense_1"]


def test_without_a_name_the_operator_says_what_it_is() -> None:
    assert names((SOFTMAX, "Identity"), (ADD, "")) == ["SOFTMAX", "ADD"]
    assert names((SOFTMAX, "logits"), (ADD, "a/b")) == ["logits", "a"]


def test_operators_of_one_layer_are_told_apart() -> None:
    assert names((PAD, "a/x"), (CONV, "a/x"), (ADD, "a/x"), (ADD, "a/x")) == [
        "a/PAD",
        "a",
        "a/ADD",
        "a/ADD_1",
    ]
    assert names((PAD, "a/x"), (ADD, "a/x")) == ["a/PAD", "a"]


@given(
    st.lists(st.tuples(st.sampled_from([CONV, ADD, PAD]), st.text("ab/;:_. 1\x1b", max_size=12)), min_size=1)
)
def test_no_two_layers_have_one_name(layers: list[tuple[Operator, str]]) -> None:
    found = names(*layers)
    assert len(set(found)) == len(found)
    assert all(found)
