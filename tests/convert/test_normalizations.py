"""Normalizations from ONNX, in all spellings: float between two int8 tensors, one exact operator in C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx_nets import Array, Net, answers, numbers

from emgdeploy.convert import float_rows, methods, quantize, whole
from emgdeploy.convert.lowering import program
from emgdeploy.convert.onnxrun import run
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.graph import read_tflite
from emgdeploy.graph.reader import read_functions
from support.machines.proof import prove

Build = Callable[[Net, str], str]
CHANNELS, STEPS = 8, 6
X = numbers(40, CHANNELS, STEPS) * 3
SCALE, SHIFT = 1 + 0.2 * numbers(STEPS), 0.3 * numbers(STEPS)
EPSILON = np.float32(1e-5)


def fused(n: Net, x: str) -> str:
    return n.add("LayerNormalization", [x, SCALE, SHIFT], axis=-1)


def over_two_axes(n: Net, x: str) -> str:
    return n.add(
        "LayerNormalization", [x, 1 + 0.2 * numbers(CHANNELS, STEPS), numbers(CHANNELS, STEPS)], axis=1
    )


def over_channels(n: Net, x: str) -> str:
    scale, shift = 1 + 0.2 * numbers(CHANNELS), 0.3 * numbers(CHANNELS)
    y = n.add("LayerNormalization", [n.add("Transpose", [x], perm=[0, 2, 1]), scale, shift], axis=-1)
    return n.add("Transpose", [y], perm=[0, 2, 1])


def spelled_out(n: Net, x: str) -> str:
    centred = n.add("Sub", [x, n.add("ReduceMean", [x], axes=[-1])])
    variance = n.add("ReduceMean", [n.add("Pow", [centred, np.float32(2)])], axes=[-1])
    root = n.add("Sqrt", [n.add("Add", [variance, EPSILON])])
    return n.add("Add", [n.add("Mul", [n.add("Div", [centred, root]), SCALE]), SHIFT])


def spelled_without_kept_axes(n: Net, x: str) -> str:
    mean = n.add("Unsqueeze", [n.add("ReduceMean", [x], axes=[2], keepdims=0), np.array([2])])
    centred = n.add("Sub", [x, mean])
    squares = n.add("ReduceMean", [n.add("Mul", [centred, centred])], axes=[2], keepdims=0)
    root = n.add("Reciprocal", [n.add("Sqrt", [n.add("Add", [squares, EPSILON])])])
    return n.add("Mul", [n.add("Mul", [centred, n.add("Unsqueeze", [root, np.array([2])])]), SCALE])


def rms(n: Net, x: str) -> str:
    squares = n.add("ReduceMean", [n.add("Pow", [x, np.float32(2)])], axes=[-1])
    root = n.add("Reciprocal", [n.add("Sqrt", [n.add("Add", [squares, EPSILON])])])
    return n.add("Mul", [n.add("Mul", [x, root]), SCALE])


def instance(n: Net, x: str) -> str:
    return n.add("InstanceNormalization", [x, 1 + 0.2 * numbers(CHANNELS), 0.3 * numbers(CHANNELS)])


def group(n: Net, x: str) -> str:
    """As PyTorch exports it."""
    grouped = n.add("Reshape", [x, np.array([0, 2, -1])])
    made = n.add("InstanceNormalization", [grouped, np.ones(2), np.zeros(2)])
    back = n.add("Reshape", [made, np.array([1, CHANNELS, STEPS])])
    scaled = n.add("Mul", [back, 1 + 0.2 * numbers(CHANNELS, 1)])
    return n.add("Add", [scaled, 0.3 * numbers(CHANNELS, 1)])


def group_spelled_out(n: Net, x: str) -> str:
    grouped = n.add("Reshape", [x, np.array([1, 2, CHANNELS // 2, STEPS])])
    centred = n.add("Sub", [grouped, n.add("ReduceMean", [grouped], axes=[2, 3])])
    variance = n.add("ReduceMean", [n.add("Mul", [centred, centred])], axes=[2, 3])
    made = n.add("Div", [centred, n.add("Sqrt", [n.add("Add", [variance, EPSILON])])])
    back = n.add("Reshape", [made, np.array([1, CHANNELS, STEPS])])
    return n.add("Mul", [back, 1 + 0.2 * numbers(CHANNELS, 1)])


def by_its_deviation(n: Net, x: str) -> str:
    """A window's own mean and standard deviation, as networks do first."""
    centred = n.add("Sub", [x, n.add("ReduceMean", [x], axes=[2])])
    variance = n.add("ReduceMean", [n.add("Mul", [centred, centred])], axes=[2])
    return n.add("Div", [centred, n.add("Add", [n.add("Sqrt", [variance]), np.float32(1e-3)])])


SPELLINGS: dict[str, Build] = {
    build.__name__: build
    for build in (
        fused, over_two_axes, over_channels, spelled_out, spelled_without_kept_axes, rms, instance, group,
        group_spelled_out, by_its_deviation,
    )
}  # fmt: skip


def with_neighbours(build: Build) -> Net:
    """Between convolutions, as in a network."""
    net = Net((CHANNELS, STEPS))
    y = build(net, net.add("Conv", ["x", numbers(CHANNELS, CHANNELS, 1)]))
    net.add("Conv", [y, numbers(4, CHANNELS, 1)])
    return net


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_is_one_exact_operator(name: str, tmp_path: Path) -> None:
    net = with_neighbours(SPELLINGS[name])
    model = net.model()
    ranges = methods.ranges_of(model, X, "minmax", {})
    assert ranges.keys().isdisjoint(float_rows.inside(model))
    tflite = quantize.int8_tflite(program.lower(model, "net", ranges))
    (function,) = read_functions(tflite)
    assert not function.tabled
    whole.check(tflite, "net", function.tensors)
    kinds = [op.kind.name for op in read_tflite(tflite).ops]
    assert kinds.count("FLOAT_ROWS") == 1
    assert prove(tflite, tmp_path, flags=("-O1",)).distinct_outputs > 1
    assert error_of(tflite, model_answers(net)) < 0.05


def model_answers(net: Net) -> Array:
    return run(net.model(), X, "net")


def error_of(tflite: bytes, exact: Array) -> float:
    """Of the logits, relative to their spread."""
    seen = int8_logits(tflite, X, (1, 0))
    error = np.sqrt(np.mean((seen - exact.reshape(len(X), -1)) ** 2))
    return float(error / exact.std())


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_float_network_is_the_onnx_network(name: str) -> None:
    answers(with_neighbours(SPELLINGS[name]), 4).agree()


def test_group_normalization_of_newer_opsets() -> None:
    net = Net((CHANNELS, STEPS), opset=21)
    net.add("GroupNormalization", ["x", 1 + numbers(CHANNELS), numbers(CHANNELS)], num_groups=2)
    answers(net, 4).agree()


def test_rms_normalization_of_newer_opsets() -> None:
    net = Net((CHANNELS, STEPS), opset=23)
    net.add("RMSNormalization", ["x", SCALE], axis=-1)
    answers(net, 4).agree()


def test_squeeze_and_excitation_is_no_normalization() -> None:
    net = Net((CHANNELS, STEPS))
    gate = net.add("Conv", [net.add("ReduceMean", ["x"], axes=[2]), numbers(CHANNELS, CHANNELS, 1)])
    net.add("Mul", ["x", net.add("Sigmoid", [gate])])
    assert not float_rows.inside(net.model())


def test_what_other_layers_read_is_rounded() -> None:
    """The mean that a layer beside reads is an int8 tensor, and the rest stays one operator."""
    net = Net((CHANNELS, STEPS))
    normal = fused(net, "x")
    left = net.add("Conv", [normal, numbers(4, CHANNELS, 1)])
    right = net.add("Conv", [net.add("Mul", [normal, np.float32(2)]), numbers(4, CHANNELS, 1)])
    net.add("Add", [left, right])
    assert normal not in float_rows.inside(net.model())
