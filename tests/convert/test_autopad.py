"""`auto_pad` beside a dilation, which onnxruntime refuses, becomes sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from onnx_nets import Net, answers, numbers
from torch import nn

from emgdeploy.convert import autopad, export, onnxrun
from emgdeploy.convert.onnxfile import OnnxModel


def pads_of(model: OnnxModel) -> list[tuple[int, ...]]:
    return [tuple(a.ints) for node in model.proto.graph.node for a in node.attribute if a.name == "pads"]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even")
@pytest.mark.parametrize("size", [2, 3, 4])
def test_pytorchs_same_padding_with_dilation_gives_its_numbers(size: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv1d(3, 4, size, padding="same", dilation=2), nn.Conv1d(4, 2, size, padding="same", dilation=3)
    )
    x = numbers(2, 3, 17)
    model = autopad.spelled(export.export(network.eval(), (3, 17), "net"), "net")
    with torch.no_grad():
        expected: Any = network(torch.from_numpy(x)).numpy().reshape(2, -1)
    assert np.allclose(onnxrun.run(model, x, "net"), expected, atol=1e-5)


@pytest.mark.parametrize(("auto", "pads"), [("SAME_UPPER", (1, 2)), ("SAME_LOWER", (2, 1))])
def test_strides_count_as_onnx_defines_them(auto: str, pads: tuple[int, int]) -> None:
    """ceil(16 / 2) outputs of a window that reaches over 5 places: 3 of padding."""
    net = Net((3, 16))
    net.add("Conv", ["x", numbers(2, 3, 3)], auto_pad=auto, dilations=[2], strides=[2])
    model = autopad.spelled(net.model(), "net")
    assert pads_of(model) == [pads]
    assert onnxrun.run(model, numbers(1, 3, 16), "net").shape == (1, 16)


def test_without_dilation_nothing_changes() -> None:
    net = Net((3, 16))
    net.add("Conv", ["x", numbers(2, 3, 3)], auto_pad="SAME_UPPER")
    model = net.model()
    assert autopad.spelled(model, "net") is model
    answers(net).agree()
