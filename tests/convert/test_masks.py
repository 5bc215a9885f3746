"""Attention masks: hidden places get no share, and the others keep their int8 steps."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_nets import Net, answers, numbers

from emgdeploy.convert import masks, methods, quantize, whole
from emgdeploy.convert.lowering import program
from emgdeploy.convert.onnxrun import run
from emgdeploy.convert.pipeline import int8_logits

HEADS, STEPS = 2, 6
X = numbers(40, HEADS, STEPS, 4)
CAUSAL = np.triu(np.ones((STEPS, STEPS)), 1).astype(bool)
LOWEST = [-np.inf, np.finfo(np.float32).min, -1e9, -1e4]


def attention(how: str, lowest: float) -> Net:
    net = Net((HEADS, STEPS, 4))
    scores = net.add("MatMul", ["x", net.add("Transpose", ["x"], perm=[0, 1, 3, 2])])
    fill = np.float32(lowest)
    if how == "added":
        scores = net.add("Add", [scores, np.where(CAUSAL, fill, np.float32(0))])
    elif how == "filled":
        scores = net.add("Where", [net.constant(CAUSAL), fill, scores])
    else:
        scores = net.add("Where", [net.constant(~CAUSAL), scores, fill])
    net.add("MatMul", [net.add("Softmax", [scores], axis=-1), "x"])
    return net


@pytest.mark.parametrize("lowest", LOWEST)
@pytest.mark.parametrize("how", ["added", "filled", "kept"])
def test_a_causal_mask_costs_no_accuracy(how: str, lowest: float) -> None:
    net = attention(how, lowest)
    model = net.model()
    ranges = methods.ranges_of(model, X, "minmax", {})
    tflite = quantize.int8_tflite(program.lower(model, "net", ranges))
    whole.check(tflite, "net")
    exact = run(model, X, "net").reshape(len(X), -1)
    error = np.sqrt(np.mean((int8_logits(tflite, X, (1, 2, 0)) - exact) ** 2))
    assert error / exact.std() < 0.05


def test_the_float_network_is_the_onnx_network() -> None:
    for how in ("added", "filled", "kept"):
        answers(attention(how, -np.inf), 4).agree()


def test_a_constant_choice_of_ordinary_numbers() -> None:
    for operands in ([np.float32(2), "x"], ["x", numbers(STEPS, STEPS)]):
        net = Net((HEADS, STEPS, STEPS))
        net.add("Where", [net.constant(CAUSAL), *operands])
        answers(net, 4).agree()


def test_hidden_numbers_are_not_part_of_the_range() -> None:
    values = np.array([1.0, -2.0, -np.inf, -1e9], np.float32)
    assert masks.seen(values).tolist() == [1, -2, -10, -10]
    assert masks.seen(np.full(3, -np.inf, np.float32)).max() == -np.inf
