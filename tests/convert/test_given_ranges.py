"""Ranges that a model brings stand in the .tflite exactly as they came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_nets import Net, numbers, saved

from emgdeploy.convert import fakequant
from emgdeploy.convert.calibration import LEARNED, Settings
from emgdeploy.convert.onnxfile import check
from emgdeploy.convert.pipeline import convert_model
from emgdeploy.errors import InputError
from emgdeploy.nets.ranges import Range
from support.models.learned import Scales, activations, learned_exactly
from support.models.networks import ANY_DRIFT, RING


@pytest.mark.parametrize(("name", "shape"), [("effie", RING), ("bandnet", RING)])
def test_learned_ranges_are_the_int8_ones(name: str, shape: tuple[int, int, int], tmp_path: Path) -> None:
    agreement = learned_exactly(name, shape, 0.25, tmp_path)
    assert agreement >= 0.95


def with_pairs(net: Net, ranges: dict[str, Range], kind: type = np.int8) -> Any:
    """The net with QuantizeLinear and DequantizeLinear behind the named tensors."""
    proto = net.proto()
    offset = 128 if kind is np.uint8 else 0
    nodes = []
    for node in proto.graph.node:
        node.input[:] = [f"{name}_up" if name in ranges else name for name in node.input]
        nodes.append(node)
    for name, found in ranges.items():
        given = [f"{name}_scale", f"{name}_zero"]
        proto.graph.initializer.append(numpy_helper.from_array(np.float32(found.scale).reshape(()), given[0]))
        zero: Any = np.asarray(found.zero_point + offset, kind)
        proto.graph.initializer.append(numpy_helper.from_array(zero, given[1]))
        pair = [
            helper.make_node("QuantizeLinear", [name, *given], [f"{name}_down"], name=f"{name}_q"),
            helper.make_node("DequantizeLinear", [f"{name}_down", *given], [f"{name}_up"]),
        ]
        place = next((i + 1 for i, node in enumerate(nodes) if name in node.output), 0)
        nodes[place:place] = pair
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return proto


def small() -> Net:
    net = Net((1, 4, 6))
    last = net.add("Relu", [net.add("Conv", ["x", numbers(4, 1, 3, 3)], pads=[1, 1, 1, 1])])
    net.add("Gemm", [net.add("Flatten", [last]), numbers(96, 3), numbers(3)])
    return net


RANGES = {"x": Range(0.0625, 3), "t1": Range(0.09375, -128)}


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_an_onnx_file_with_pairs_keeps_its_ranges(kind: type, tmp_path: Path) -> None:
    path = tmp_path / "pairs.onnx"
    path.write_bytes(saved(with_pairs(small(), RANGES, kind)))
    done = convert_model(path, tmp_path / "out", numbers(60, 1, 4, 6), gates=ANY_DRIFT)
    wanted: Scales = {(np.float32(found.scale), found.zero_point) for found in RANGES.values()}
    assert wanted < activations(done.tflite.read_bytes())
    assert done.calibration.method == "percentile", "the logits' range was still to be chosen"
    assert done.ledger[0].max_abs_diff == 0.0


def test_without_its_pairs_a_file_is_the_float_network() -> None:
    plain, ranges = fakequant.separate(check(with_pairs(small(), RANGES), "x"), "x")
    assert ranges == RANGES
    assert [n.op_type for n in plain.proto.graph.node] == [n.op_type for n in small().proto().graph.node]
    untouched = small().model()
    assert fakequant.separate(untouched, "x") == (untouched, {})


def test_a_scale_for_each_channel_of_a_tensor_is_refused() -> None:
    proto = with_pairs(small(), RANGES)
    for tensor in proto.graph.initializer:
        if tensor.name == "t1_scale":
            tensor.CopyFrom(numpy_helper.from_array(np.ones(4, np.float32), "t1_scale"))
        if tensor.name == "t1_zero":
            tensor.CopyFrom(numpy_helper.from_array(np.zeros(4, np.int8), "t1_zero"))
    with pytest.raises(InputError, match="'t1_q' does not quantize a whole tensor by one constant scale"):
        fakequant.separate(check(proto, "x"), "x")


def test_other_integers_than_bytes_are_refused() -> None:
    proto = with_pairs(small(), RANGES, np.int16)
    proto.opset_import[0].version = 21
    proto.ir_version = 10
    assert TensorProto.INT16
    with pytest.raises(InputError, match="quantizes to int16"):
        fakequant.separate(check(proto, "x"), "x")


def test_methods_and_sizes_change_what_comes_out(tmp_path: Path) -> None:
    path = tmp_path / "small.onnx"
    path.write_bytes(saved(small().proto()))
    x = numbers(400, 1, 4, 6)
    x[7] *= 30  # a window that shook
    made = {}
    for settings in (Settings(), Settings("minmax"), Settings(size=3)):
        done = convert_model(path, tmp_path / "out", x, gates=ANY_DRIFT, settings=settings)
        assert (done.calibration.method, done.calibration.windows) == (settings.method, settings.size)
        made[settings] = done.tflite.read_bytes()
    assert len(set(made.values())) == 3


def test_what_was_learned_is_said(tmp_path: Path) -> None:
    torch.manual_seed(0)
    learned_exactly("m5", RING, 1.0, tmp_path)
    done = convert_model(tmp_path / "a.pt", tmp_path / "again", gates=ANY_DRIFT)
    assert (done.calibration.method, done.calibration.windows) == (LEARNED, 0)
    assert "fake-quantized" in [row.stage for row in done.ledger]
    assert str(done.calibration) == "ranges as the model brings them"
