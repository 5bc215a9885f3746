"""A file that is not integer from its input to its output is no int8 file, and nobody gets it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_nets import Net, numbers, saved

from emgdeploy.convert import methods, quantize, whole
from emgdeploy.convert.lowering import program
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.pipeline import convert_model
from emgdeploy.errors import GateFailed
from emgdeploy.nets.ranges import Range


def network() -> Net:
    net = Net((1, 4, 6))
    first = net.add("Relu", [net.add("Conv", ["x", numbers(4, 1, 3, 3)])])
    net.add("GlobalAveragePool", [net.add("Conv", [first, numbers(3, 4, 1, 1)])])
    return net


def with_a_gap(model: OnnxModel, x: np.ndarray) -> dict[str, Range]:
    """Ranges for all but the first layer."""
    ranges = methods.ranges_of(model, x, "minmax", {})
    return {name: found for name, found in ranges.items() if name != "t1"}


@pytest.fixture(scope="module")
def hybrid() -> bytes:
    model, x = network().model(), numbers(20, 1, 4, 6)
    return quantize.int8_tflite(program.lower(model, "net", with_a_gap(model, x)))


def test_the_first_operator_and_tensor_that_are_float_are_named(hybrid: bytes) -> None:
    first = next(whole.not_integers(hybrid))
    assert first.dtype == "float32"
    with pytest.raises(GateFailed) as caught:
        whole.check(hybrid, "net.onnx")
    assert caught.value.exit_code == 1
    assert first.operator in caught.value.message and repr(first.tensor) in caught.value.message


def test_islands_are_allowed_by_name(hybrid: bytes) -> None:
    names = {part.tensor for part in whole.not_integers(hybrid)}
    whole.check(hybrid, "net.onnx", islands=names)
    with pytest.raises(GateFailed):
        whole.check(hybrid, "net.onnx", islands=sorted(names)[1:])


def test_a_whole_file_passes() -> None:
    model, x = network().model(), numbers(20, 1, 4, 6)
    tflite = quantize.int8_tflite(program.lower(model, "net", methods.ranges_of(model, x, "minmax", {})))
    assert not list(whole.not_integers(tflite))
    whole.check(tflite, "net.onnx")


def test_a_conversion_that_left_floats_fails_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(saved(network().proto()))
    real = methods.ranges_of

    def gappy(*given: object) -> dict[str, Range]:
        return {name: found for name, found in real(*given).items() if name != "t1"}  # type: ignore[arg-type]

    monkeypatch.setattr(methods, "ranges_of", gappy)
    with pytest.raises(GateFailed, match="not integer throughout: operator"):
        convert_model(path, tmp_path / "out", numbers(20, 1, 4, 6))
    assert not (tmp_path / "out").exists()
