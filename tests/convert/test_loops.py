"""nn.GRU and nn.RNN to int8: loops over a body, every form within the gates, each tensor equal to the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.pipeline import convert_model
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from support.machines.proof import known_answer, prove

ELECTRODES, SAMPLES, UNITS = 4, 9, 6


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.GRU] | type[nn.RNN], start: float = 0.0, **settings: Any) -> None:
        super().__init__()
        self.rnn: nn.GRU | nn.RNN = kind(ELECTRODES, UNITS, **settings)
        self.head = nn.Linear(UNITS * (2 if settings.get("bidirectional") else 1), 5)
        self.start = start

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.squeeze(1).permute((0, 2, 1) if self.rnn.batch_first else (2, 0, 1))
        y, h = self.rnn(x, torch.full((1, 1, UNITS), self.start)) if self.start else self.rnn(x)
        last = torch.cat(list(h[-2:]), 1) if self.rnn.bidirectional else h[-1]
        logits: torch.Tensor = self.head(y[:, -1] if self.rnn.batch_first else last)
        return logits


pytestmark = pytest.mark.filterwarnings("ignore")


def exported(
    folder: Path, kind: type[nn.GRU] | type[nn.RNN], samples: int = SAMPLES, **settings: Any
) -> Path:
    torch.manual_seed(2)
    path = folder / "network.onnx"
    window = torch.zeros(1, 1, ELECTRODES, samples)
    torch.onnx.export(
        Recurrent(kind, **settings).eval(), (window,), str(path), dynamo=False, opset_version=17
    )
    return path


def windows(samples: int = SAMPLES) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(40, 1, ELECTRODES, samples)).astype(np.float32)


@pytest.fixture(scope="module")
def tflite(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A network of one GRU."""
    folder = tmp_path_factory.mktemp("gru")
    return convert_model(exported(folder, nn.GRU), folder, windows()[:10]).tflite.read_bytes()


def early_reset(source: Path) -> Path:
    """The same weights with the reset gate on the state, as other exporters write it."""
    proto = onnx.load(str(source))
    for node in proto.graph.node:
        if node.op_type == "GRU":
            next(a for a in node.attribute if a.name == "linear_before_reset").i = 0
    onnx.save(proto, str(source))
    return source


CASES: dict[str, tuple[type[nn.GRU] | type[nn.RNN], dict[str, Any], int]] = {
    "stacked gru in both directions, last states": (nn.GRU, {"bidirectional": True, "num_layers": 2}, 4),
    "stacked rnn": (nn.RNN, {"batch_first": True, "num_layers": 2}, 2),
    "rnn of relu in both directions": (
        nn.RNN,
        {"batch_first": True, "bidirectional": True, "nonlinearity": "relu", "bias": False},
        2,
    ),
    "gru of an early reset": (nn.GRU, {"batch_first": True}, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_layers_of_pytorch_are_exact_and_within_the_gates(name: str, tmp_path: Path) -> None:
    kind, settings, loops = CASES[name]
    source = exported(tmp_path, kind, **settings)
    made = convert_model(early_reset(source) if "early" in name else source, tmp_path, windows())
    rows = {row.stage: row for row in made.ledger}
    error = rows["tflite-int8"].logits_error
    assert rows["tflite-float"].max_abs_diff < 1e-5
    assert error is not None and error < 0.1
    assert made.calibration.method == "percentile"
    tflite = made.tflite.read_bytes()
    assert [kind.name for kind in read_tflite(tflite).file_ops].count("WHILE") == loops
    assert prove(tflite, tmp_path).distinct_outputs > 4


def test_code_and_constants_do_not_grow_with_the_steps(tmp_path: Path) -> None:
    made = []
    for samples in (4, 40):
        source = exported(tmp_path, nn.RNN, samples, batch_first=True)
        tflite = convert_model(source, tmp_path, windows(samples)[:10]).tflite.read_bytes()
        made.append(generate(read_tflite(tflite), CodegenOptions(known_answer(tflite))))
    few, many = made
    assert few.weights_bytes == many.weights_bytes
    assert few.params_bytes == many.params_bytes
    assert few.runtime_sources == many.runtime_sources
    loops = [next(layer for layer in one.layers if layer.op == "WHILE") for one in made]
    assert loops[1].macs == 10 * loops[0].macs == 10 * 4 * UNITS * (ELECTRODES + UNITS)


def test_kernels_of_instruction_sets_are_chosen_within_a_loop(tflite: bytes) -> None:
    graph = read_tflite(tflite)
    options = CodegenOptions(known_answer(tflite))
    made = generate(graph, replace(options, isa="dsp"))
    assert any("dense/dsp" in name for name in made.runtime_sources)
    assert not any("dense/dsp" in name for name in generate(graph, options).runtime_sources)


def test_a_start_other_than_zero_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"GRU.*starts from a state that is not 0"):
        convert_model(exported(tmp_path, nn.GRU, start=0.5, batch_first=True), tmp_path, windows())


def test_an_activation_without_a_form_is_refused_by_name(tmp_path: Path) -> None:
    source = exported(tmp_path, nn.RNN, batch_first=True)
    proto = onnx.load(str(source))
    node = next(node for node in proto.graph.node if node.op_type == "RNN")
    next(a for a in node.attribute if a.name == "activations").strings[0] = b"Softsign"
    onnx.save(proto, str(source))
    with pytest.raises(InputError, match=r"RNN.*another activation than tanh or ReLU"):
        convert_model(source, tmp_path, windows())


def test_a_damaged_loop_is_refused_in_a_sentence(tflite: bytes) -> None:
    rng, refused = np.random.default_rng(1), 0
    for _ in range(100):
        damaged = bytearray(tflite)
        for place in rng.integers(0, len(tflite), rng.integers(1, 4)):
            damaged[place] = int(rng.integers(0, 256))
        try:
            graph = read_tflite(bytes(damaged))
        except InputError as error:
            refused += 1
            assert error.message and error.hint
        else:
            assert graph.outputs
    assert 15 < refused < 100
