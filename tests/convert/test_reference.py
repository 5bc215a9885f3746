"""The reference interpreter wrapper, on real models of others and on damaged ones."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tflite

from emgdeploy.convert.reference import Reference
from emgdeploy.errors import InputError, ToolMissingError

MODELS = [
    "mlperf_tiny/ad01_int8.tflite",
    "mlperf_tiny/kws_ref_model.tflite",
    "mlperf_tiny/pretrainedResnet_quant.tflite",
    "mlperf_tiny/vww_96_int8.tflite",
    "seed/mobilenetv2_published.tflite",
]


def _random_windows(reference: Reference, count: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    shape = (count, *reference.input.shape[1:])
    if reference.input.dtype == np.float32:
        return rng.normal(size=shape).astype(np.float32)
    return rng.integers(-128, 128, shape).astype(reference.input.dtype)


@pytest.mark.parametrize("name", MODELS)
def test_every_tensor_is_kept_by_its_index(shared: Path, name: str) -> None:
    data = (shared / "models" / name).read_bytes()
    reference = Reference(data)
    window = _random_windows(reference, 1)[0]
    tensors = reference.tensors(window)
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    indices = set(range(graph.TensorsLength()))
    assert indices <= set(tensors)
    assert np.array_equal(tensors[reference.input.index][0], window)
    assert np.array_equal(tensors[reference.output.index], reference.run(window[np.newaxis]))


@pytest.mark.parametrize("name", MODELS)
def test_keeping_tensors_changes_no_output(shared: Path, name: str) -> None:
    data = (shared / "models" / name).read_bytes()
    kept, lean = Reference(data), Reference(data, keep_tensors=False)
    x = _random_windows(kept, 3)
    assert np.array_equal(kept.run(x), lean.run(x))


def test_published_16x8_model_has_int16_activations(shared: Path) -> None:
    reference = Reference((shared / "models/seed/mobilenetv2_published.tflite").read_bytes())
    tensors = reference.tensors(_random_windows(reference, 1)[0])
    assert sum(t.dtype == np.int16 for t in tensors.values()) > 50


def test_input_details_of_the_keyword_model(shared: Path) -> None:
    reference = Reference((shared / "models/mlperf_tiny/kws_ref_model.tflite").read_bytes())
    assert reference.input.shape == (1, 49, 10, 1)
    assert reference.input.dtype == np.int8
    assert reference.input.zero_point == 83
    assert reference.output.shape == (1, 12)
    assert reference.version.split()[1][0].isdigit()


@pytest.mark.parametrize(
    "data", [b"", b"TFL3", b"\x1c\0\0\0TFL3", b"\x1c\0\0\0TFL3" + b"\xff" * 500, b"not a model" * 9]
)
def test_bytes_that_are_no_model_are_bad_input(data: bytes) -> None:
    with pytest.raises(InputError):
        Reference(data)


def test_truncated_models_are_bad_input(shared: Path) -> None:
    data = (shared / "models/mlperf_tiny/ad01_int8.tflite").read_bytes()
    for cut in np.random.default_rng(0).integers(8, len(data) - 4, 20):
        with pytest.raises(InputError):
            Reference(data[:cut])


def _hide(monkeypatch: pytest.MonkeyPatch, *hidden: str) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> ModuleType:
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)


def test_tensorflows_interpreter_stands_in_with_the_same_answers(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (shared / "models/mlperf_tiny/kws_ref_model.tflite").read_bytes()
    first = Reference(data)
    _hide(monkeypatch, "ai_edge_litert")
    second = Reference(data)
    x = _random_windows(first, 5)
    assert second.version.startswith("tensorflow ")
    assert np.array_equal(first.run(x), second.run(x))


def test_without_either_package_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    _hide(monkeypatch, "ai_edge_litert", "tensorflow")
    with pytest.raises(ToolMissingError, match="ai-edge-litert") as caught:
        Reference(b"\x1c\0\0\0TFL3")
    assert "emgdeploy[reference]" in caught.value.hint


def test_windows_of_another_shape_or_type_are_bad_input(shared: Path) -> None:
    reference = Reference((shared / "models/mlperf_tiny/ad01_int8.tflite").read_bytes())
    with pytest.raises(InputError, match="shape"):
        reference.run(np.zeros((2, 639), np.int8))
    with pytest.raises(InputError, match="float32"):
        reference.run(np.zeros((2, 640), np.float32))
