"""The published network: its sizes, its shapes, and its arithmetic against the published conversion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config, expansion_of, final_grid


@pytest.mark.parametrize(
    ("width", "parameters"), [(1, 2_314_264), (0.7, 1_711_960), (0.4, 1_109_656), (0.2, 808_504)]
)
def test_published_parameter_counts(width: float, parameters: int) -> None:
    network = MobileNetV2(MobileNetV2Config(classes=8, expansion=expansion_of(width)))
    assert sum(p.numel() for p in network.parameters()) == parameters


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 20), st.integers(1, 30), st.integers(1, 3), st.integers(1, 9))
def test_any_grid_gives_one_row_of_logits_per_window(
    rows: int, columns: int, channels: int, classes: int
) -> None:
    network = MobileNetV2(MobileNetV2Config(classes, channels, (rows, columns))).eval()
    with torch.no_grad():
        logits = network(torch.zeros(2, *network.input_shape))
    assert logits.shape == (2, classes)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 200))
def test_final_grid_is_three_halvings_rounded_up(rows: int, columns: int) -> None:
    assert final_grid((rows, columns)) == (-(-rows // 8), -(-columns // 8))


def test_same_logits_as_the_published_conversion(shared: Path) -> None:
    """The published ONNX has its batch norms folded away; its weights in our network must give its logits."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    path = shared / "models/seed/MobilenetV2_published.onnx"
    weights = {t.name: onnx.numpy_helper.to_array(t).copy() for t in onnx.load(path).graph.initializer}
    network = MobileNetV2(MobileNetV2Config(classes=8)).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 0.0
    state = network.state_dict()
    state.update({name: torch.from_numpy(value) for name, value in weights.items() if name in state})
    network.load_state_dict(state)
    x = np.random.default_rng(1).normal(size=(1, 1, 8, 24)).astype(np.float32)
    (published,) = runtime.InferenceSession(path).run(None, {"input.1": x})
    with torch.no_grad():
        ours = network(torch.from_numpy(x)).numpy()
    assert np.abs(ours - published).max() < 1e-5
