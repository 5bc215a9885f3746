"""convert --activations int16: closer than int8, shown beside it, exact in C."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_nets import Net, numbers, saved

from emgdeploy.convert.calibration import Settings
from emgdeploy.convert.ledger import DriftError, Gates
from emgdeploy.convert.pipeline import INT8_STAGE, WIDE_NAME, WIDE_STAGE, convert_model
from emgdeploy.errors import InputError
from support.machines.proof import prove

SHAPE = (1, 4, 6)
WIDE = Settings(activations="int16")


def _network(folder: Path, last: str = "Relu") -> Path:
    net = Net(SHAPE)
    image = net.add("Conv", ["x", numbers(4, 1, 3, 3), numbers(4)], pads=[1, 1, 1, 1])
    net.add("Gemm", [net.add("Flatten", [net.add(last, [image])]), numbers(96, 3), numbers(3)])
    path = folder / "network.onnx"
    path.write_bytes(saved(net.proto()))
    return path


def test_int16_is_closer_than_int8_and_exact(tmp_path: Path) -> None:
    made = convert_model(_network(tmp_path), tmp_path / "out", numbers(40, *SHAPE), settings=WIDE)
    rows = {row.stage: row for row in made.ledger}
    narrow, wide = rows[INT8_STAGE].logits_error, rows[WIDE_STAGE].logits_error
    assert narrow is not None and wide is not None and wide < 0.7 * narrow
    assert made.tflite == tmp_path / "out" / WIDE_NAME
    assert made.calibration.method == "minmax"
    proof = prove(made.tflite.read_bytes(), tmp_path)
    assert proof.generated.input.dtype == proof.generated.output.dtype == "int16"


def test_the_gate_holds_the_file_that_is_built(tmp_path: Path) -> None:
    path, gates = _network(tmp_path), Gates(int8_logits=0.012)
    with pytest.raises(DriftError, match=INT8_STAGE):
        convert_model(path, tmp_path / "out", numbers(40, *SHAPE), gates=gates)
    made = convert_model(path, tmp_path / "out", numbers(40, *SHAPE), gates=gates, settings=WIDE)
    assert [row.stage for row in made.ledger][-2:] == [INT8_STAGE, WIDE_STAGE]


def test_what_has_no_int16_kernel_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"int16 activations: .*HARD_SWISH"):
        convert_model(_network(tmp_path, "HardSwish"), tmp_path / "out", numbers(40, *SHAPE), settings=WIDE)


def test_recurrent_layers_are_refused_by_name(tmp_path: Path) -> None:
    net = Net((5, 3))
    series = net.add("Transpose", ["x"], perm=[1, 0, 2])
    last = net.add("RNN", [series, numbers(1, 4, 3), numbers(1, 4, 4)], outputs=2, hidden_size=4)
    net.add("Gemm", [net.add("Flatten", [last], axis=0), numbers(20, 3)])
    path = tmp_path / "network.onnx"
    path.write_bytes(saved(net.proto()))
    with pytest.raises(InputError, match="int16 activations: RNN"):
        convert_model(path, tmp_path / "out", np.zeros((4, 5, 3), np.float32), settings=WIDE)
