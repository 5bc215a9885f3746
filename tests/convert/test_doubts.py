"""What a conversion cannot show is said, and a failed gate names the tensor that lost most."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
from onnx_nets import Net, numbers, saved

from emgdeploy.cli import build, convert
from emgdeploy.convert import doubts, losses, methods
from emgdeploy.convert.ledger import DriftError, Gates
from emgdeploy.convert.pipeline import convert_model
from emgdeploy.nets.ranges import covering
from support.commands.command import Cli
from support.models.networks import ANY_DRIFT

X = numbers(60, 8, 20)


def uneven() -> np.ndarray:
    """Channels from millivolts to thousands, as a recording without normalisation has them."""
    return np.asarray(X * np.logspace(-3, 3, 8).reshape(8, 1), np.float32)


def scaled_inside() -> Net:
    """A network that normalises its channels itself: too late for int8."""
    net = Net((8, 20))
    last = net.add("Mul", ["x", np.logspace(3, -3, 8).astype(np.float32).reshape(8, 1)])
    last = net.add("Relu", [net.add("Conv", [last, numbers(4, 8, 5)])])
    net.add("Gemm", [net.add("ReduceMean", [last], axes=[2], keepdims=0), numbers(4, 3), numbers(3)])
    return net


def test_one_class_on_all_windows_is_said() -> None:
    logits = numbers(50, 3)
    assert doubts.of_answers(logits, None) == ()
    logits[:, 1] += 100
    (note,) = doubts.of_answers(logits, ("rest", "fist", "point"))
    assert "names 'fist' on all 50 windows" in note
    assert "class 1" in doubts.of_answers(logits, None)[0]
    assert doubts.of_answers(logits[:, :1], None) == (), "one output has no classes"
    assert "same numbers" in doubts.of_answers(logits * 0, None)[0]


def test_channels_of_few_steps_are_named() -> None:
    held = covering(float(uneven().min()), float(uneven().max()))
    (note,) = doubts.of_input(uneven(), held)
    assert "6 of 8 input channels" in note and "0 (0.0)" in note
    assert doubts.of_input(X, covering(-4, 4)) == ()
    assert doubts.of_input(X[:, np.newaxis], covering(-4, 4)) == ()
    assert "8 of 8" in doubts.of_input(X[:, np.newaxis], covering(-400, 400))[0]


def test_a_failed_gate_names_the_tensor_that_loses_most(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(saved(scaled_inside().proto()))
    with pytest.raises(DriftError, match=r"tensor 'x' .of the input.* loses most") as caught:
        convert_model(path, tmp_path / "out", uneven())
    assert caught.value.ledger[-1].stage == "tflite-int8"


def test_the_worst_tensor_is_the_one_with_a_useless_range() -> None:
    model = scaled_inside().model()
    ranges = methods.ranges_of(model, X, "minmax", {})
    for name in ("x", "t2", "t4"):
        found = losses.worst(model, {**ranges, name: covering(-1e4, 1e4)}, X)
        assert found is not None and found.tensor == name
    calm = losses.worst(model, ranges, X)
    assert calm is not None and "no tensor alone explains it" in losses.explained(calm, 10 * calm.error)


def test_gates_are_options_of_both_verbs_and_hints_name_them(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(saved(scaled_inside().proto()))
    np.savez(tmp_path / "w.npz", x=uneven())
    given = ("--model", path, "--calibration", tmp_path / "w.npz")
    done = cli("build", "--board", "native", *given, "--out", tmp_path / "a")
    done.fails(1, "loses most")
    assert "(--gate-logits)" in done.err.splitlines()[-1]
    for verb, own in ((build, ["--board", "native"]), (convert, [])):
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        options = ["--gate-agreement", "0.2", "--gate-logits", "3", "--gate-accuracy-drop", "0.5"]
        args = parser.parse_args([*options, *own, "--model", "m", "--out", "o"])
        assert convert.gates_of(args) == Gates(
            int8_agreement=0.2, simulated_agreement=0.2, int8_logits=3, int8_accuracy_drop=0.5
        )


def test_an_open_gate_leaves_the_warning(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(saved(scaled_inside().proto()))
    (note,) = convert_model(path, tmp_path / "out", uneven(), gates=ANY_DRIFT).notes
    assert "input channels use fewer than 16" in note
