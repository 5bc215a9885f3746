"""Quantized ONNX files as their makers write them: onnxruntime's quantizer in seven settings, and Brevitas' form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_nets import Net, numbers, saved
from onnxruntime import quantization

from emgdeploy.convert import dequantized, fakequant, onnxfile, onnxrun
from emgdeploy.convert.calibration import LEARNED
from emgdeploy.convert.ledger import relative_error
from emgdeploy.convert.pipeline import QDQ_STAGE, convert_model
from emgdeploy.errors import InputError
from support.machines.proof import prove

SHAPE = (1, 4, 12)
INT8, UINT8 = quantization.QuantType.QInt8, quantization.QuantType.QUInt8
SETTINGS: dict[str, dict[str, Any]] = {
    "int8": {},
    "per channel": {"per_channel": True},
    "symmetric": {"extra_options": {"ActivationSymmetric": True}},
    "uint8": {"activation_type": UINT8},
    "uint8 weights": {"activation_type": UINT8, "weight_type": UINT8},
    "float biases": {"per_channel": True, "extra_options": {"QuantizeBias": False}},
    "pairs at weights": {"per_channel": True, "extra_options": {"AddQDQPairToWeight": True}},
}


def _windows(count: int = 40) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).normal(size=(count, *SHAPE)).astype(np.float32)


class _Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
    def __init__(self) -> None:
        self.windows = iter(_windows())

    def get_next(self) -> dict[str, Any] | None:
        window = next(self.windows, None)
        return None if window is None else {"x": window[None]}


def _small() -> Net:
    net = Net(SHAPE)
    last = net.add("Relu", [net.add("Conv", ["x", numbers(6, 1, 3, 3), numbers(6)], pads=[1, 1, 1, 1])])
    last = net.add("MaxPool", [last], kernel_shape=[1, 2], strides=[1, 2])
    last = net.add("Relu", [net.add("Conv", [last, numbers(6, 1, 1, 3), numbers(6)], group=6)])
    net.add("Gemm", [net.add("Flatten", [last]), numbers(96, 3), numbers(3)])
    return net


def _quantized(folder: Path, **settings: Any) -> Path:
    plain, path = folder / "float.onnx", folder / "quantized.onnx"
    plain.write_bytes(saved(_small().proto()))
    chosen = {"activation_type": INT8, "weight_type": INT8, "quant_format": quantization.QuantFormat.QDQ}
    quantization.quantize_static(str(plain), str(path), _Reader(), **{**chosen, **settings})
    return path


@pytest.mark.parametrize("name", SETTINGS)
def test_the_float_network_behind_each_setting_is_found(name: str, tmp_path: Path) -> None:
    path = _quantized(tmp_path, **SETTINGS[name])
    model = onnxfile.load(path)
    plain, ranges = fakequant.separate(model, "x", rectify=True)
    kinds = [node.op_type for node in plain.proto.graph.node]
    assert kinds == ["Conv", "Relu", "MaxPool", "Conv", "Relu", "Flatten", "Gemm"]
    assert {"x", plain.output_name} <= ranges.keys()
    original = {
        t.name: numpy_helper.to_array(t) for t in onnx.load(str(tmp_path / "float.onnx")).graph.initializer
    }
    found = {t.name: numpy_helper.to_array(t) for t in plain.proto.graph.initializer}
    for node, before in zip(
        [n for n in plain.proto.graph.node if n.op_type in ("Conv", "Gemm")],
        [n for n in onnx.load(str(tmp_path / "float.onnx")).graph.node if n.op_type in ("Conv", "Gemm")],
        strict=True,
    ):
        for made, given in zip(node.input[1:], before.input[1:], strict=True):
            step = np.abs(original[given]).max() / 100
            assert np.abs(found[made] - original[given]).max() <= step
    error = relative_error(onnxrun.run(plain, _windows(), "x"), onnxrun.run(model, _windows(), "x"))
    assert error is not None and error < 0.05


@pytest.mark.parametrize("name", ["uint8", "per channel"])
def test_int8_is_held_to_the_file_as_it_stands(name: str, tmp_path: Path) -> None:
    path = _quantized(tmp_path, **SETTINGS[name])
    made = convert_model(path, tmp_path / "out", _windows())
    rows = {row.stage: row for row in made.ledger}
    assert list(rows)[-2:] == [QDQ_STAGE, "tflite-int8"]
    assert made.calibration.method == LEARNED
    error = rows["tflite-int8"].logits_error
    assert error is not None and error < 0.05
    assert np.array_equal(made.evaluated.logits, onnxrun.run(onnxfile.load(path), _windows(), "x"))
    assert prove(made.tflite.read_bytes(), tmp_path).windows == 8


def test_a_clip_of_integers_between_a_pair_is_part_of_it() -> None:
    """As Brevitas writes weights and activations of a narrow range."""
    net = Net(SHAPE)
    weights, scale = numbers(96, 3), np.float32(0.05)
    limits = [np.int8(-127), np.int8(127)]

    def pair(given: Any) -> str:
        down = net.add("QuantizeLinear", [given, scale, np.int8(0)])
        return net.add("DequantizeLinear", [net.add("Clip", [down, *limits]), scale, np.int8(0)])

    flat = net.add("Flatten", [net.add("Conv", [pair("x"), numbers(2, 1, 1, 1)])])
    net.add("Gemm", [flat, pair(weights), numbers(3)])
    proto = net.proto()
    for tensor in proto.graph.initializer:
        if tensor.data_type == onnx.TensorProto.INT64:
            tensor.CopyFrom(
                numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.int8), tensor.name)
            )
    plain, ranges = fakequant.separate(onnxfile.check(proto, "x"), "x", rectify=True)
    assert [node.op_type for node in plain.proto.graph.node] == ["Conv", "Flatten", "Gemm"]
    assert list(ranges) == ["x"]
    found = {t.name: numpy_helper.to_array(t) for t in plain.proto.graph.initializer}
    rounded = np.clip(np.rint(weights / scale), -127, 127) * scale
    assert np.allclose(found[plain.proto.graph.node[-1].input[1]], rounded)


def test_the_format_of_integer_operators_is_refused_with_the_other_one(tmp_path: Path) -> None:
    path = _quantized(tmp_path, quant_format=quantization.QuantFormat.QOperator)
    with pytest.raises(InputError, match=r"QOperator format \(.*QLinearConv") as caught:
        onnxfile.load(path)
    assert "QuantFormat.QDQ" in caught.value.hint


def test_scales_by_block_are_refused() -> None:
    proto = onnx.ModelProto()
    node = helper.make_node("DequantizeLinear", ["w", "s"], ["y"], name="blocks", axis=0, block_size=2)
    values = {"w": np.zeros((4, 2), np.int8), "s": np.ones((2, 2), np.float32)}
    proto.graph.initializer.extend(numpy_helper.from_array(a, name) for name, a in values.items())
    proto.graph.node.append(node)
    with pytest.raises(InputError, match="'blocks' has scales by block"):
        dequantized.fold(proto, "x")
