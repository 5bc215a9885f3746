"""One function, many spellings: each becomes int8 throughout, and gives the right numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper
from onnx_nets import Net, numbers, operators

from emgdeploy.convert import methods, onnxrun, quantize, simplify, whole
from emgdeploy.convert.lowering import program
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.convert.recognise import recognised
from emgdeploy.convert.reference import Reference

Build = Callable[[Net, str], str]
X = numbers(40, 3, 4, 5) * 5


def const(net: Net, value: float, *shape: int) -> str:
    """A Constant node, as PyTorch's exporter writes numbers."""
    tensor = numpy_helper.from_array(np.full(shape, value, np.float32))
    return net.add("Constant", [], value=tensor)


def computed(net: Net, value: float) -> str:
    """A number that the graph computes: half of it, doubled."""
    return net.add("Mul", [const(net, value / 2), const(net, 2.0)])


def clip(low: float | None, high: float | None, bound: Callable[[Net, float], str] = const) -> Build:
    def build(net: Net, x: str) -> str:
        return net.add("Clip", [x, *("" if end is None else bound(net, end) for end in (low, high))])

    return build


def relu6_of_two_relus(net: Net, x: str) -> str:
    beyond = net.add("Relu", [net.add("Sub", [x, const(net, 6.0)])])
    return net.add("Sub", [net.add("Relu", [x]), beyond])


def hard_sigmoid(net: Net, x: str) -> str:
    gate = clip(0.0, 6.0)(net, net.add("Add", [x, const(net, 3.0)]))
    return net.add("Div", [gate, const(net, 6.0)])


def erf_gelu(net: Net, x: str) -> str:
    """As nn.GELU is exported at opset 17."""
    whole_ = net.add("Add", [net.add("Erf", [net.add("Div", [x, const(net, 2**0.5)])]), const(net, 1.0)])
    return net.add("Mul", [net.add("Mul", [x, whole_]), const(net, 0.5)])


def erf_gelu_otherwise(net: Net, x: str) -> str:
    erf = net.add("Erf", [net.add("Mul", [const(net, 0.5**0.5), x])])
    half = net.add("Mul", [const(net, 0.5), x])
    return net.add("Add", [half, net.add("Mul", [half, erf])])


# name -> (spelling, what it computes, int8 operators behind the convolution; None where any will do)
SPELLINGS: dict[str, tuple[Build, Callable[[Any], Any], list[str] | None]] = {
    "relu6": (clip(0.0, 6.0), lambda x: np.clip(x, 0, 6), []),
    "relu6, bounds computed": (clip(0.0, 6.0, computed), lambda x: np.clip(x, 0, 6), []),
    "relu6 as a minimum": (
        lambda n, x: n.add("Min", [n.add("Relu", [x]), const(n, 6.0)]),
        lambda x: np.clip(x, 0, 6),
        [],
    ),
    "relu6 of two relus": (relu6_of_two_relus, lambda x: np.clip(x, 0, 6), []),
    "clamp from zero": (clip(0.0, None), lambda x: np.maximum(x, 0), []),
    "clamp from below": (clip(-1.5, None), lambda x: np.maximum(x, -1.5), []),
    "clamp from above": (clip(None, 2.5), lambda x: np.minimum(x, 2.5), []),
    "clamp between positive numbers": (clip(0.5, 2.0), lambda x: np.clip(x, 0.5, 2), ["MAXIMUM"]),
    "hardtanh": (clip(-1.0, 1.0), lambda x: np.clip(x, -1, 1), []),
    "hardtanh of other bounds": (clip(-2.0, 6.0), lambda x: np.clip(x, -2, 6), []),
    "hard sigmoid by hand": (hard_sigmoid, lambda x: np.clip(x + 3, 0, 6) / 6, None),
    "hard swish by hand": (
        lambda n, x: n.add("Mul", [x, hard_sigmoid(n, x)]),
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        ["HARD_SWISH"],
    ),
    "hard sigmoid of another slope": (
        lambda n, x: n.add("HardSigmoid", [x], alpha=0.25, beta=0.4),
        lambda x: np.clip(0.25 * x + 0.4, 0, 1),
        None,
    ),
    "gelu by erf": (erf_gelu, None, ["GELU"]),  # type: ignore[dict-item]
    "gelu by erf, otherwise": (erf_gelu_otherwise, None, ["GELU"]),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_becomes_the_function_in_int8(name: str) -> None:
    build, function, wanted = SPELLINGS[name]
    net = Net((3, 4, 5))
    made = net.add("Conv", ["x", np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)])
    build(net, made)
    model = simplify.simplify(net.model(), name)
    expected = onnxrun.run(model, X, name)
    if function is not None:
        assert np.allclose(expected, function(X).reshape(len(X), -1), atol=1e-5)
    lowered = program.lower(model, name, methods.ranges_of(model, X, "minmax", {}))
    tflite = quantize.int8_tflite(lowered)
    assert not list(whole.not_integers(tflite))
    found = int8_logits(tflite, X, lowered.window_axes)
    # One half step each of the input and of what the operator reads, with a slope of 1 or less, and its own.
    assert float(np.abs(found - expected).max()) <= 1.6 * _coarsest(tflite)
    ops = [op for op in operators(tflite) if op not in ("TRANSPOSE", "RESHAPE")]
    assert ops[0] == "CONV_2D" and (wanted is None or ops[1:] == wanted)


def _coarsest(tflite: bytes) -> float:
    """The largest scale of an int8 activation."""
    details = Reference(tflite)._interpreter.get_tensor_details()
    return max(float(d["quantization"][0]) for d in details if d["dtype"] == np.int8 and len(d["shape"]) == 4)


def test_what_is_no_spelling_stays_as_it_is() -> None:
    net = Net((3, 4, 5))
    net.add("Mul", ["x", net.add("Tanh", [net.add("Mul", ["x", np.float32(1.7)])])])
    model = net.model()
    assert recognised(model) is model


def test_a_spelling_whose_middle_is_read_elsewhere_keeps_it() -> None:
    net = Net((6,))
    erf = net.add("Erf", [net.add("Div", ["x", np.float32(2**0.5)])])
    half = net.add("Mul", ["x", np.float32(0.5)])
    gelu = net.add("Mul", [half, net.add("Add", [erf, np.float32(1)])])
    net.add("Add", [gelu, half])
    kinds = [node.op_type for node in recognised(net.model()).proto.graph.node]
    assert kinds == ["Mul", "Gelu", "Add"]


def test_bounds_for_each_channel_are_no_spelling() -> None:
    net = Net((3, 4, 5))
    net.add("Min", [net.add("Relu", ["x"]), np.array([6.0, 6.0, 5.0], np.float32).reshape(3, 1, 1)])
    model = net.model()
    assert recognised(model) is model
