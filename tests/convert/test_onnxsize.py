"""ONNX models that ask for more memory than any board has, told before anybody makes room for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, helper

from emgdeploy.convert import onnxfile
from emgdeploy.errors import InputError


def saved(path: Path, nodes: list[object], shape: tuple[int, ...], constants: list[object]) -> Path:
    """A model from x of `shape` to y of (1, 2)."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2))
    graph = helper.make_graph(nodes, "f", [x], [y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("size", [1 << 13, 1 << 31, (1 << 63) - 1])
def test_an_input_of_any_size(size: int, tmp_path: Path) -> None:
    nodes = [helper.make_node("ReduceMean", ["x"], ["y"], axes=[1])]
    path = saved(tmp_path / "m.onnx", nodes, (1, 1, size, size), [])
    with pytest.raises(InputError, match="its input has the shape"):
        onnxfile.load(path)


def test_a_constant_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    claim = helper.make_tensor("w", TensorProto.FLOAT, (1, 2), [1.0, 2.0])
    claim.dims[0] = 1 << 40
    path = saved(tmp_path / "m.onnx", [helper.make_node("Add", ["x", "w"], ["y"])], (1, 2), [claim])
    with pytest.raises(InputError, match="the constant 'w' has the shape"):
        onnxfile.load(path)


def test_a_tensor_that_is_computed_to_be_large(tmp_path: Path) -> None:
    shape = helper.make_tensor("s", TensorProto.INT64, (2,), [1 << 20, 1 << 20])
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["big"]),
        helper.make_node("ReduceMean", ["big"], ["mean"], axes=[0, 1]),
        helper.make_node("Add", ["x", "mean"], ["y"]),
    ]
    with pytest.raises(InputError, match="the tensor 'big' has the shape"):
        onnxfile.load(saved(tmp_path / "m.onnx", nodes, (1, 2), [shape]))
