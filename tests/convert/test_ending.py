"""What stands behind the numbers of the classes is left out, and the ledger still speaks of the network's own answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from onnx_nets import Net, numbers, operators, saved

from emgdeploy.convert import ending, onnxfile, onnxrun
from emgdeploy.convert.pipeline import convert_model
from emgdeploy.errors import InputError

X = numbers(40, 5, 8)


def scores(net: Net) -> str:
    """Three numbers of a small network, (1, 3)."""
    last = net.add("Relu", [net.add("Conv", ["x", numbers(4, 5, 3)])])
    return net.add("Gemm", [net.add("ReduceMean", [last], axes=[2], keepdims=0), numbers(4, 3), numbers(3)])


def log_softmax(net: Net) -> None:
    net.add("LogSoftmax", [scores(net)], axis=1)


def softmax_then_class(net: Net) -> None:
    net.add(
        "Squeeze", [net.add("ArgMax", [net.add("Softmax", [scores(net)], axis=-1)], axis=1), np.array([0])]
    )


def class_as_float(net: Net) -> None:
    net.add("Cast", [net.add("ArgMax", [scores(net)], axis=-1, keepdims=0)], to=1)


@pytest.mark.parametrize("build", [log_softmax, softmax_then_class, class_as_float])
def test_the_class_is_the_same_without(build: Callable[[Net], None], tmp_path: Path) -> None:
    net = Net((5, 8))
    build(net)
    proto = net.proto()
    if build is softmax_then_class:
        proto.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    whole = onnxfile.check(proto, "net")
    without, left = ending.cut(whole)
    answers, logits = onnxrun.run(whole, X, "net"), onnxrun.run(without, X, "net")
    assert logits.shape == (40, 3)
    classes = answers[:, 0] if left.names_class else answers.argmax(axis=1)
    assert np.array_equal(classes, logits.argmax(axis=1))
    path = tmp_path / "net.onnx"
    path.write_bytes(saved(proto))
    done = convert_model(path, tmp_path, X)
    assert operators(done.tflite.read_bytes())[-1] == "FULLY_CONNECTED"
    assert (done.ledger[-1].logits_error or 1) < 0.1
    assert done.notes[0].startswith(f"{' and '.join(left.ops)} at the end of the network is left out")
    assert done.evaluated.logits.shape == (40, 3)


@pytest.mark.parametrize("op", ["LogSoftmax", "Softmax"])
def test_the_ledger_compares_what_the_network_answers(op: str, tmp_path: Path) -> None:
    net = Net((5, 8))
    net.add(op, [scores(net)], axis=-1)
    whole = net.model()
    without, left = ending.cut(whole)
    assert left.ops == (op,)
    answers, logits = onnxrun.run(whole, X, "net"), onnxrun.run(without, X, "net")
    assert np.allclose(left.of(logits), answers, atol=1e-6)
    assert not np.allclose(logits, answers, atol=0.1)


def test_what_changes_classes_stays() -> None:
    """Over an axis of one element, over time steps, or in the middle."""
    along_one, steps, middle = Net((5, 8)), Net((5, 8)), Net((5, 8))
    along_one.add("Softmax", [scores(along_one)], axis=0)
    steps.add("Softmax", [steps.add("Conv", ["x", numbers(3, 5, 3)])], axis=1)
    middle.add("Gemm", [middle.add("Softmax", [scores(middle)], axis=1), numbers(3, 2)])
    for net in (along_one, steps, middle):
        model = net.model()
        assert ending.cut(model) == (model, ending.Ending())


def test_an_answer_that_is_another_class_is_refused() -> None:
    named, logits = (np.arange(40) >= 20).astype(np.float32), np.eye(3, dtype=np.float32)[[0] * 40]
    with pytest.raises(InputError, match="another class on 20 of 40 windows"):
        ending.Ending(("ArgMax",)).same_classes(named, logits)
