"""ONNX nodes are called after the layers that their author wrote."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from emgdeploy.convert import names

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def given_names(*nodes: tuple[str, str], scopes: dict[int, str] | None = None) -> list[str]:
    made = [helper.make_node(op, [], [f"t{i}"], name=name) for i, (op, name) in enumerate(nodes)]
    for i, text in (scopes or {}).items():
        entry = made[i].metadata_props.add()
        entry.key, entry.value = "pkg.torch.onnx.name_scopes", text
    proto: Any = helper.make_model(helper.make_graph(made, "g", [], []))
    names.give(proto)
    found = [node.name for node in proto.graph.node]
    names.give(proto)
    assert [node.name for node in proto.graph.node] == found
    return found


def test_paths_of_modules_become_what_the_author_wrote() -> None:
    assert given_names(
        ("Conv", "/stem/stem.0/Conv"),
        ("Conv", "/layers/layers.0/conv1/Conv"),
        ("Relu", "/layers/layers.0/Relu"),
        ("Relu", "/layers/layers.0/Relu_1"),
        ("Gemm", "/fc/Gemm"),
        ("Softmax", "/Softmax"),
    ) == ["stem.0", "layers.0.conv1", "layers.0.Relu", "layers.0.Relu_1", "fc", "Softmax"]


def test_of_several_nodes_the_one_with_the_weights_is_the_layer() -> None:
    nodes = (("Pad", "/conv/Pad"), ("Conv", "/conv/Conv"), ("Div", "/act/Div"), ("Erf", "/act/Erf"))
    assert given_names(*nodes) == ["conv.Pad", "conv", "act.Div", "act.Erf"]
    assert given_names(("MatMul", "/fc/MatMul"), ("Add", "/fc/Add")) == ["fc", "fc.Add"]
    assert given_names(("MatMul", "/att/MatMul"), ("MatMul", "/att/MatMul_1")) == [
        "att.MatMul",
        "att.MatMul_1",
    ]


def test_the_newer_exporter_keeps_the_path_beside_the_node() -> None:
    scopes = {
        0: "['', 'blocks', 'blocks.0', 'blocks.0.conv', 'conv2d']",
        1: "['', 'add']",
        2: "__import__('os')",
    }
    nodes = (("Conv", "node_Conv_30"), ("Add", "node_add"), ("Relu", "node_relu"))
    assert given_names(*nodes, scopes=scopes) == ["blocks.0.conv", "Add", "node_relu"]


def test_other_names_stay_as_far_as_they_can_be_shown() -> None:
    found = given_names(
        ("Conv", "model/conv2d/Conv2D"), ("Relu", ""), ("Relu", ""), ("Add", "a*/\x1b]0;x\x07<b>")
    )
    assert found[:3] == ["model.conv2d.Conv2D", "Relu", "Relu_1"]
    assert SAFE.fullmatch(found[3])


@given(
    st.lists(
        st.tuples(st.sampled_from(["Conv", "Add", "Gemm"]), st.text("/ab.CovnAd_1 é\x1b", max_size=20)),
        max_size=12,
    )
)
def test_names_are_safe_and_no_two_the_same(nodes: list[tuple[str, str]]) -> None:
    found = given_names(*nodes)
    assert len(set(found)) == len(nodes)
    assert all(SAFE.fullmatch(name) for name in found)
