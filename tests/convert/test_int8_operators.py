"""What the lowering makes of each operator is int8 throughout, and the compiler to C takes it."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_nets import Net, numbers
from test_lowering_operators import CASES

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert import methods, onnxrun, quantize
from emgdeploy.convert.lowering import program
from emgdeploy.convert.pipeline import int8_logits
from emgdeploy.convert.reference import Reference
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite


@pytest.mark.parametrize("name", CASES)
def test_the_int8_model_is_whole_close_and_compilable(name: str) -> None:
    shape, build, _ = CASES[name]
    net = Net(shape)
    build(net)
    model = net.model()
    x = numbers(30, *shape)
    ranges = methods.ranges_of(model, x, "minmax", {})
    lowered = program.lower(model, name, ranges)
    tflite = quantize.int8_tflite(lowered)
    reference = Reference(tflite)
    zeros = np.zeros(reference.input.shape[1:], np.int8)
    kinds = {str(t.dtype) for t in reference.tensors(zeros).values()}
    assert kinds <= {"int8", "int32"}, "a part of the model stayed in floats"
    expected = onnxrun.run(model, x, name)
    found = int8_logits(tflite, x, lowered.window_axes)
    steps = float(np.abs(found - expected).max()) / reference.output.scale
    assert steps < 6, f"off by {steps} steps of the output's scale"
    answer = reference.run(zeros[np.newaxis])[0]
    options = CodegenOptions(known_answer=(zeros, answer), optimize="balanced", isa="portable", header={})
    assert "emg_model_run" in generate(read_tflite(tflite), options).files["model.c"]


def test_padding_with_what_int8_does_not_hold_is_refused() -> None:
    net = Net((3, 4, 4))
    net.add("Pad", ["x", np.array([0, 0, 1, 1, 0, 0, 1, 1]), np.float32(-100)])
    model = net.model()
    ranges = methods.ranges_of(model, numbers(30, 3, 4, 4), "minmax", {})
    with pytest.raises(InputError, match="pads with -100 where int8 holds"):
        program.lower(model, "net", ranges)
