"""Ranges reach as far as readers can tell apart, and no farther."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx_nets import Net, numbers, operators

from emgdeploy.convert import bounds, methods, onnxrun, quantize
from emgdeploy.convert.lowering import program
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.convert.quant_points import points
from emgdeploy.convert.reference import Reference

X = numbers(60, 3, 4, 5)
GAIN = np.diag([1.0, 1.0, 300.0]).astype(np.float32).reshape(3, 3, 1, 1)


def int8_of(net: Net, x: np.ndarray = X) -> tuple[np.ndarray, np.ndarray, list[str], float]:
    """(int8's answers, the float network's, operators, the output's scale)"""
    model = net.model()
    lowered = program.lower(model, "net", methods.ranges_of(model, x, "percentile", {}))
    tflite = quantize.int8_tflite(lowered)
    found = int8_logits(tflite, x, lowered.window_axes)
    ops = [op for op in operators(tflite) if op not in ("TRANSPOSE", "RESHAPE")]
    return found, onnxrun.run(model, x, "net"), ops, Reference(tflite).output.scale


@pytest.mark.parametrize("op", ["Tanh", "Sigmoid", "HardSigmoid", "HardSwish"])
def test_one_loud_channel_costs_the_others_nothing(op: str) -> None:
    """Spread over the loud channel's hundreds, the 256 steps lie 8 apart, and tanh is off by up to 1."""
    net = Net((3, 4, 5))
    swish = op == "HardSwish"  # gives 0 below -3, whatever comes
    net.add(op, [net.add("Conv", ["x", -GAIN if swish else GAIN])])
    found, expected, _, _ = int8_of(net, abs(X) if swish else X)
    quiet = slice(0, 40)  # of 60 outputs, those of the first two channels
    assert float(np.abs(found - expected)[:, quiet].max()) <= 0.03


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("op", ["Max", "Min"])
def test_both_operands_of_a_comparison_count(op: str, swapped: bool) -> None:
    net = Net((3, 4, 5))
    small = net.add("Conv", ["x", numbers(3, 3, 1, 1) * 0.1])
    large = net.add("Conv", ["x", numbers(3, 3, 1, 1, seed=4) * 4])
    net.add(op, [large, small] if swapped else [small, large])
    found, expected, ops, scale = int8_of(net)
    assert float(np.abs(found - expected).max()) <= 4 * scale
    assert "QUANTIZE" not in ops


@pytest.mark.parametrize("op", ["Max", "Min"])
def test_operands_that_others_read_keep_their_own_range(op: str) -> None:
    net = Net((3, 4, 5))
    small = net.add("Conv", ["x", numbers(3, 3, 1, 1) * 0.1])
    large = net.add("Conv", ["x", numbers(3, 3, 1, 1, seed=4) * 4])
    both = net.add(op, [net.add("Sigmoid", [small]), large])
    net.add("Add", [net.add("Mul", [both, small]), large])
    found, expected, _, scale = int8_of(net)
    assert float(np.abs(found - expected).max()) <= 6 * scale


@pytest.mark.parametrize(("op", "beyond"), [("Max", 3.0), ("Min", -3.0)])
def test_a_constant_beyond_the_tensors_range_comes_out(op: str, beyond: float) -> None:
    """One that never matters elsewhere: the first channel is the constant everywhere."""
    net = Net((3, 4, 5))
    levels = np.array([beyond, beyond / 30, 0.0], np.float32).reshape(3, 1, 1)
    net.add(op, [net.add("Conv", ["x", numbers(3, 3, 1, 1) * 0.2]), levels])
    found, expected, _, scale = int8_of(net)
    assert np.all(np.abs(found[:, :20] - beyond) <= scale)
    assert float(np.abs(found - expected).max()) <= 3 * scale


def test_a_constant_that_the_range_does_not_pass_needs_no_operator() -> None:
    net = Net((3, 4, 5))
    net.add("Min", [net.add("Conv", ["x", numbers(3, 3, 1, 1)]), np.float32(0.5)])
    assert int8_of(net)[2] == ["CONV_2D"]


@pytest.mark.parametrize(
    "op", ["ReduceMean", "Concat", "Tanh", "Max", "LeakyRelu", "Sigmoid", "Mul", "MaxPool"]
)
@pytest.mark.parametrize("last", ["Relu", "Clip"])
def test_an_activation_behind_any_operator_is_integer(op: str, last: str) -> None:
    """TFLite fuses it into some operators only; the range of others came from nowhere."""
    net = Net((3, 4, 5))
    first, other = (net.add("Conv", ["x", 0.3 * numbers(3, 3, 1, 1, seed=seed)]) for seed in (1, 2))
    given = {"Concat": [first, other], "Max": [first, other], "Mul": [first, other]}.get(op, [first])
    attributes: dict[str, dict[str, Any]] = {
        "Concat": {"axis": 1},
        "MaxPool": {"kernel_shape": [2, 2]},
        "ReduceMean": {"axes": [2]},
    }
    made = net.add(op, given, **attributes.get(op, {}))
    net.add(last, [made, *([np.float32(0), np.float32(6)] if last == "Clip" else [])])
    found, expected, ops, scale = int8_of(net)
    assert "DEQUANTIZE" not in ops
    assert float(np.abs(found - expected).max()) <= 7 * scale


def test_bounds_pass_what_moves_numbers_and_stop_at_other_readers() -> None:
    net = Net((3, 8, 8))
    first = net.add("Conv", ["x", numbers(4, 3, 1, 1)])
    pooled = net.add("MaxPool", [first], kernel_shape=[2, 2], strides=[2, 2])
    net.add("Tanh", [net.add("Transpose", [pooled], perm=[0, 2, 3, 1])])
    found = bounds.told_apart(net.model())
    assert found["t0"] == found["t1"] == found["t2"] == bounds._TANH
    net.add("Add", [net.add("Relu", [first]), first])
    assert "t0" not in bounds.told_apart(net.model())


def test_a_mean_of_what_was_cut_off_is_another_mean() -> None:
    net = Net((3, 8, 8))
    pooled = net.add(
        "AveragePool", [net.add("Conv", ["x", numbers(4, 3, 1, 1)])], kernel_shape=[2, 2], strides=[2, 2]
    )
    net.add("Tanh", [pooled])
    found = bounds.told_apart(net.model())
    assert "t1" in found and "t0" not in found


FUNCTIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float, int]] = {
    "tanh": (np.tanh, 1 / 128, 0),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), 1 / 256, -128),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_beyond_its_bounds_a_function_has_one_int8_answer(name: str) -> None:
    function, scale, zero = FUNCTIONS[name]

    def answers(x: np.ndarray) -> np.ndarray:
        return np.clip(np.round(function(x) / scale) + zero, -128, 127)

    low, high = {"tanh": bounds._TANH, "sigmoid": bounds._SIGMOID}[name]
    assert set(answers(np.linspace(high + 1e-6, 60, 500))) == {127}
    assert set(answers(np.linspace(-60, low - 1e-6, 500))) == {-128}
    assert answers(np.array([high - 0.01])) < 127 and answers(np.array([low + 0.01])) > -128


def test_a_reader_of_one_place_shares_the_range() -> None:
    """TFLite refuses two scales around a slice: "same scale constraint"."""
    net = Net((3, 16))
    pooled = net.add(
        "AveragePool",
        [net.add("Relu", [net.add("Conv", ["x", numbers(4, 3, 3)])])],
        kernel_shape=[4],
        strides=[2],
    )
    ends = [net.add("Gather", [pooled, np.array(place)], axis=2) for place in (0, -1)]
    net.add("Concat", [net.add("Tanh", [net.add("Gemm", [end, numbers(4, 4)])]) for end in ends], axis=1)
    assert not set(points(net.model())) & set(ends)
    found, expected, _, _ = int8_of(net, numbers(60, 3, 16))
    assert float(np.abs(found - expected).max()) <= 0.1, "tanh of four products of steps of 0.05"
