"""Functions of one tensor, from ONNX to a table: the right values, and float nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx_nets import Net, answers, numbers

from emgdeploy.convert import islands, methods, quantize, whole
from emgdeploy.convert.lowering import program
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.convert.reference import evaluate
from emgdeploy.errors import GateFailed
from emgdeploy.graph import read_tflite
from emgdeploy.graph.operators.function import LOOKUP
from emgdeploy.graph.passes import simplify
from emgdeploy.graph.reader import read_functions

Build = Callable[[Net, str], str]
X = numbers(40, 3, 4, 5) * 3


def single(op: str, **attributes: Any) -> Build:
    return lambda n, x: n.add(op, [x], **attributes)


def f32(value: float) -> np.float32:
    return np.float32(value)


def mish(n: Net, x: str) -> str:
    return n.add("Mul", [x, n.add("Tanh", [n.add("Softplus", [x])])])


def elu_by_where(n: Net, x: str) -> str:
    below = n.add("Sub", [n.add("Exp", [n.add("Min", [x, f32(0)])]), f32(1)])
    return n.add("Where", [n.add("Greater", [x, f32(0)]), x, below])


def pelu(n: Net, x: str) -> str:
    below = n.add("Sub", [f32(1), n.add("Exp", [n.add("Div", [n.add("Clip", [x, "", f32(0)]), f32(2)])])])
    below = n.add("Relu", [n.add("Mul", [below, f32(0.7)])])
    return n.add("Sub", [n.add("Mul", [n.add("Relu", [x]), f32(0.35)]), below])


def logic(n: Net, x: str) -> str:
    inside = n.add("And", [n.add("Greater", [x, f32(-1)]), n.add("LessOrEqual", [x, f32(1)])])
    return n.add("Where", [n.add("Or", [inside, n.add("Equal", [x, f32(7)])]), x, f32(-1)])


def inverted(n: Net, x: str) -> str:
    outside = n.add("Or", [n.add("Less", [x, f32(-1)]), n.add("GreaterOrEqual", [x, f32(1)])])
    return n.add("Mul", [x, n.add("Cast", [n.add("Not", [outside])], to=1)])


def erf(x: Any) -> Any:
    return np.vectorize(math.erf)(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


FUNCTIONS: dict[str, tuple[Build, Callable[[Any], Any]]] = {
    "elu": (single("Elu", alpha=0.8), lambda x: elu(x, 0.8)),
    "elu by where": (elu_by_where, elu),
    "selu": (single("Selu"), lambda x: 1.0507 * elu(x, 1.67326)),
    "celu": (single("Celu", alpha=1.5), lambda x: np.where(x > 0, x, 1.5 * np.expm1(np.minimum(x, 0) / 1.5))),
    "softplus": (single("Softplus"), lambda x: np.log1p(np.exp(x))),
    "mish": (mish, lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    "pelu": (pelu, lambda x: np.where(x > 0, 0.35 * x, 0.7 * np.expm1(np.minimum(x, 0) / 2))),
    "softsign": (single("Softsign"), lambda x: x / (1 + np.abs(x))),
    "erf": (single("Erf"), erf),
    "negative": (single("Neg"), lambda x: -x),
    "sign": (single("Sign"), np.sign),
    "sine": (single("Sin"), np.sin),
    "thresholded": (single("ThresholdedRelu", alpha=0.5), lambda x: np.where(x > 0.5, x, 0)),
    "root": (lambda n, x: n.add("Sqrt", [n.add("Abs", [x])]), lambda x: np.sqrt(np.abs(x))),
    "logarithm": (
        lambda n, x: n.add("Log", [n.add("Add", [n.add("Abs", [x]), f32(1)])]),
        lambda x: np.log1p(np.abs(x)),
    ),
    "square": (lambda n, x: n.add("Pow", [x, f32(2)]), np.square),
    "power": (lambda n, x: n.add("Pow", [n.add("Abs", [x]), f32(1.3)]), lambda x: np.abs(x) ** 1.3),
    "reciprocal": (
        lambda n, x: n.add("Reciprocal", [n.add("Add", [n.add("Abs", [x]), f32(0.5)])]),
        lambda x: 1 / (np.abs(x) + 0.5),
    ),
    "cosine": (single("Cos"), np.cos),
    "whole numbers": (
        lambda n, x: n.add("Sub", [n.add("Ceil", [x]), n.add("Floor", [x])]),
        lambda x: np.ceil(x) - np.floor(x),
    ),
    "logic": (logic, lambda x: np.where((x > -1) & (x <= 1) | (x == 7), x, -1)),
    "logic, inverted": (inverted, lambda x: np.where((x < -1) | (x >= 1), 0, x)),
    "comparison": (
        lambda n, x: n.add("Mul", [x, n.add("Cast", [n.add("Less", [x, f32(1)])], to=1)]),
        lambda x: np.where(x < 1, x, 0),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_becomes_one_table_with_the_right_values(name: str) -> None:
    build, function = FUNCTIONS[name]
    net = Net((3, 4, 5))
    build(net, "x")
    model = net.model()
    ranges = methods.ranges_of(model, X, "minmax", {})
    tflite = quantize.int8_tflite(program.lower(model, "net", ranges))
    whole.check(tflite, "net", {t for f in read_functions(tflite) for t in f.tensors})
    graph = simplify(read_tflite(tflite, evaluate=evaluate))
    assert [op.kind for op in graph.ops if not op.kind.view and op.kind.name != "TRANSPOSE"] == [LOOKUP]
    assert (ranges.keys() & islands.inside(model)) == set()
    seen, wanted = int8_logits(tflite, X, (1, 2, 0)), function(X.astype(np.float64))
    steps = [(held.high - held.low) / 255 for held in ranges.values()]
    error = np.abs(seen.reshape(wanted.shape) - wanted)
    jumps = name in ("sign", "thresholded", "comparison", "whole numbers") or name.startswith(
        "logic"
    )  # by the side on which the input was rounded
    assert np.quantile(error, 0.95 if jumps else 1) <= 4 * max(steps), f"{error.max()}, steps {steps}"


def test_every_operator_is_tested() -> None:
    tested = set()
    for build, _ in FUNCTIONS.values():
        net = Net((3, 4, 5))
        build(net, "x")
        tested |= {node.op_type for node in net.proto().graph.node}
    assert islands.ONLY_TABLED - tested == {"Mish"}  # of opset 18: below


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_float_network_is_the_onnx_network(name: str) -> None:
    net = Net((3, 4, 5))
    FUNCTIONS[name][0](net, "x")
    answers(net, 4).agree()


def test_mish_of_newer_opsets() -> None:
    net = Net((3, 4, 5), opset=18)
    net.add("Mish", ["x"])
    answers(net).agree()


def test_float_beside_a_function_still_fails() -> None:
    net = Net((3, 4, 5))
    first = net.add("Elu", [net.add("Conv", ["x", numbers(4, 3, 1, 1)])])
    last = net.add("Conv", [net.add("Conv", [first, numbers(4, 4, 1, 1)]), numbers(2, 4, 1, 1)])
    model = net.model()
    ranges = methods.ranges_of(model, X, "minmax", {})
    del ranges[last]
    tflite = quantize.int8_tflite(program.lower(model, "net", ranges))
    (function,) = read_functions(tflite)
    with pytest.raises(GateFailed, match="conv_2"):
        whole.check(tflite, "net", function.tensors)
