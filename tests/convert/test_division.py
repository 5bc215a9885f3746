"""Division of one tensor by another: int8 throughout but for a table, and close where divisors are small."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_nets import Net, numbers, operators

from emgdeploy.convert import division, methods, onnxrun, quantize, whole
from emgdeploy.convert.lowering import program
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.graph import read_tflite
from emgdeploy.graph.operators.function import LOOKUP
from emgdeploy.graph.reader import read_functions

X = numbers(40, 3, 6, 5)


def ratio(offset: float) -> Net:
    """a / (b + offset), where b is 0 or more."""
    net = Net((3, 6, 5))
    one, other = (net.add("Conv", ["x", numbers(4, 3, 3, 3, seed=s)]) for s in (1, 2))
    net.add("Div", [one, net.add("Add", [net.add("Relu", [other]), np.float32(offset)])])
    return net


def scale_by_norm() -> Net:
    """Each row divided by the sum of its sizes: the divisor repeats."""
    net = Net((3, 6, 5))
    size = net.add("ReduceSum", [net.add("Abs", ["x"]), np.array([3])], keepdims=1)
    net.add("Div", ["x", size])
    return net


@pytest.mark.parametrize("net", [ratio(1.0), scale_by_norm()])
def test_it_is_a_table_and_a_product(net: Net) -> None:
    model = division.spelled(net.model(), "net")
    assert np.allclose(onnxrun.run(model, X, "net"), onnxrun.run(net.model(), X, "net"), rtol=1e-5)
    lowered = program.lower(model, "net", methods.ranges_of(model, X, "minmax", {}))
    data = quantize.int8_tflite(lowered)
    functions = read_functions(data)
    whole.check(data, "net", {name for one in functions for name in one.tensors})
    assert LOOKUP in {op.kind for op in read_tflite(data, evaluate=evaluate).ops}
    assert "MUL" in operators(data)
    error = np.abs(int8_logits(data, X, lowered.window_axes) - onnxrun.run(model, X, "net")).max()
    assert error < 6 * Reference(data).output.scale


def test_a_divisor_that_int8_holds_as_zero_is_its_least_step() -> None:
    """The quotient is then at the end of its range, on the right side of zero."""
    model = division.spelled(ratio(0.001).model(), "net")
    lowered = program.lower(model, "net", methods.ranges_of(model, X, "percentile", {}))
    data = quantize.int8_tflite(lowered)
    (table,) = (op.table for op in read_tflite(data, evaluate=evaluate).ops if op.kind is LOOKUP)
    assert table[0] == max(table) and list(table) == sorted(table, reverse=True)


def test_a_function_of_one_tensor_keeps_its_division() -> None:
    net = Net((3, 6, 5))
    net.add("Div", ["x", net.add("Add", [net.add("Abs", ["x"]), np.float32(2)])])
    model = net.model()
    assert division.spelled(model, "net") is model
