"""nn.LSTM to int8: every form within the gates, each tensor of the compiled network equal to the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from emgdeploy.convert.calibration import Settings
from emgdeploy.convert.pipeline import convert_model
from emgdeploy.errors import InputError
from emgdeploy.graph import read_tflite
from support.machines.proof import prove

ELECTRODES, SAMPLES = 4, 14


class Recurrent(nn.Module):
    """Samples one after the other, then the last step's output or the last state classified."""

    def __init__(self, last_state: bool = False, start: float = 0.0, **settings: Any) -> None:
        super().__init__()
        self.rnn = nn.LSTM(ELECTRODES, 10, **settings)
        directions = 2 if settings.get("bidirectional") else 1
        self.head = nn.Linear(10 * directions, 5)
        self.last_state, self.start = last_state, start

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.squeeze(1).permute((0, 2, 1) if self.rnn.batch_first else (2, 0, 1))
        state = torch.full((1, 1, 10), self.start)
        y, (h, _) = self.rnn(x, (state, state)) if self.start else self.rnn(x)
        if self.last_state:
            y = torch.cat([h[-2], h[-1]], 1) if self.rnn.bidirectional else h[-1]
        else:
            y = y[:, -1] if self.rnn.batch_first else y.mean(0)
        logits: torch.Tensor = self.head(y)
        return logits


def exported(folder: Path, **settings: Any) -> Path:
    torch.manual_seed(2)
    path = folder / "network.onnx"
    window = torch.zeros(1, 1, ELECTRODES, SAMPLES)
    torch.onnx.export(Recurrent(**settings).eval(), (window,), str(path), dynamo=False, opset_version=17)
    return path


def windows() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(60, 1, ELECTRODES, SAMPLES)).astype(np.float32)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_first": True, "num_layers": 2},
        {"bidirectional": True, "num_layers": 2},
        {"bidirectional": True, "batch_first": True, "last_state": True, "bias": False},
    ],
    ids=["stacked", "both directions, time first", "last states"],
)
def test_lstm_of_pytorch_is_exact_and_within_the_gates(settings: dict[str, Any], tmp_path: Path) -> None:
    asked = Settings("entropy", asked=True)
    made = convert_model(exported(tmp_path, **settings), tmp_path, windows(), settings=asked)
    assert "--calibration-method entropy has no effect" in made.notes[0]
    rows = {row.stage: row for row in made.ledger}
    error = rows["tflite-int8"].logits_error
    assert rows["tflite-float"].max_abs_diff < 1e-5
    assert error is not None and error < 0.25
    assert made.calibration.method == "minmax"
    tflite = made.tflite.read_bytes()
    layers = (2 if settings.get("bidirectional") else 1) * settings.get("num_layers", 1)
    kinds = [kind.name for kind in read_tflite(tflite).file_ops]
    assert kinds.count("UNIDIRECTIONAL_SEQUENCE_LSTM") == layers
    assert prove(tflite, tmp_path).windows == 8


@pytest.mark.filterwarnings("ignore")
def test_a_start_other_than_zero_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"LSTM.*starts from a state that is not 0"):
        convert_model(exported(tmp_path, batch_first=True, start=0.5), tmp_path, windows())


@pytest.mark.filterwarnings("ignore")
def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    source = exported(tmp_path, bidirectional=True)
    first, second = (convert_model(source, tmp_path, windows()[:20]).tflite.read_bytes() for _ in range(2))
    assert first == second
