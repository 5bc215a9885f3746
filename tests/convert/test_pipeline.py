"""Whole conversions: published models, small networks, and what stops them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx_nets import Net, numbers, operators, saved

from emgdeploy.convert import golden, packages
from emgdeploy.convert.calibration import FromDataset
from emgdeploy.convert.ledger import DriftError, Gates
from emgdeploy.convert.pipeline import Conversion, convert_model
from emgdeploy.convert.reference import Reference
from emgdeploy.errors import InputError, UsageError
from emgdeploy.graph import read_tflite
from emgdeploy.nets.checkpoint import save_checkpoint
from emgdeploy.nets.mobilenetv2 import MobileNetV2, MobileNetV2Config
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.images import labelled_windows
from emgdeploy.signals.simulated import LABELS, Simulation, default_preprocess
from emgdeploy.signals.windowfile import Windows
from support.models.networks import ANY_DRIFT

PUBLISHED = "models/seed/MobilenetV2_Params@808.504K_MAC@4.964M_Acc@97.252.pt"


def frame_like(shared: Path, count: int) -> np.ndarray:
    """Windows around the one real published frame: scaled, with noise."""
    frame = np.loadtxt(shared / "models/seed/hdsemg_frame_192.txt").reshape(1, 1, 8, 24)
    rng = np.random.default_rng(11)
    windows = frame * rng.uniform(0.3, 2, (count, 1, 1, 1)) + rng.normal(size=(count, 1, 8, 24)) * 0.1
    return windows.astype(np.float32)


@pytest.fixture(scope="module")
def published(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    """The published checkpoint, calibrated on windows like its published frame."""
    out = tmp_path_factory.mktemp("published")
    return convert_model(shared / PUBLISHED, out, frame_like(shared, 120))


def small_onnx(folder: Path) -> Path:
    net = Net((1, 4, 6))
    last = net.add("Relu", [net.add("Conv", ["x", numbers(4, 1, 3, 3)], pads=[1, 1, 1, 1])])
    net.add("Gemm", [net.add("Flatten", [last]), numbers(96, 3), numbers(3)])
    path = folder / "small.onnx"
    path.write_bytes(saved(net.proto()))
    return path


def test_the_published_checkpoint_has_no_transpose_and_three_pads(published: Conversion) -> None:
    ops = operators(published.tflite.read_bytes())
    assert ops.count("TRANSPOSE") == 0
    assert ops.count("PAD") == 3
    assert set(ops) == {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "PAD", "RESHAPE", "FULLY_CONNECTED"}


def test_layers_are_called_as_in_the_networks_source(published: Conversion) -> None:
    """Each convolution has the name of its module; a sum says whose it is."""
    graph = read_tflite(published.tflite.read_bytes())
    modules = MobileNetV2(MobileNetV2Config(classes=8)).named_modules()
    torch = packages.torch()
    convolutions = [graph.out(op).name for op in graph.ops if "CONV_2D" in op.kind.name]
    assert sorted(convolutions) == sorted(name for name, m in modules if isinstance(m, torch.nn.Conv2d))
    assert {"linear", "layers.0.Add"} <= {graph.out(op).name for op in graph.ops}


def test_the_published_checkpoints_ledger(published: Conversion) -> None:
    rows = {row.stage: row for row in published.ledger}
    assert list(rows) == ["pytorch", "onnx", "onnx-simplified", "tflite-float", "tflite-int8"]
    assert max(rows[stage].max_abs_diff for stage in list(rows)[:4]) < 5e-5
    assert all(rows[stage].top1_agreement == 1.0 for stage in list(rows)[:4])
    assert rows["tflite-int8"].top1_agreement >= 0.95


def test_the_published_checkpoints_facts(published: Conversion) -> None:
    assert published.window_shape == (1, 8, 24)
    assert published.window_axes == (1, 2, 0)
    assert published.device_shape == (8, 24, 1)
    assert not published.simulated
    reference = Reference(published.tflite.read_bytes())
    assert reference.input.dtype == reference.output.dtype == np.int8
    assert reference.input.shape == (1, 8, 24, 1) and reference.output.shape == (1, 8)


def test_golden_answers_belong_to_the_conversion(published: Conversion) -> None:
    seen = published.evaluated
    made = golden.make(published.tflite.read_bytes(), seen.x, published.window_axes, seen.y, seen.logits)
    agreement = (made.y.reshape(len(made), -1).argmax(1) == made.float_logits.argmax(1)).mean()
    assert agreement == published.ledger[-1].top1_agreement


def test_the_published_onnx_file_converts(shared: Path, tmp_path: Path) -> None:
    source = shared / "models/seed/MobilenetV2_published.onnx"
    # Its classes are nearly tied around the one frame there is, so some flip.
    done = convert_model(source, tmp_path, frame_like(shared, 40), gates=Gates(int8_agreement=0.7))
    assert done.ledger[0].stage == "onnx"
    assert done.labels is None and done.preprocess is None
    assert "TRANSPOSE" not in operators(done.tflite.read_bytes())


def test_another_process_makes_the_same_bytes(shared: Path, published: Conversion, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", frame_like(shared, 120))
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from emgdeploy.convert.pipeline import convert_model\n"
        "convert_model(Path(sys.argv[1]), Path(sys.argv[2]), np.load(sys.argv[3]))\n"
    )
    paths = map(str, (shared / PUBLISHED, tmp_path / "again", tmp_path / "x.npy"))
    command = [sys.executable, "-c", script, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
    for file in (published.tflite, published.onnx):
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_no_path_of_this_machine_is_in_what_is_written(published: Conversion, shared: Path) -> None:
    root = str(Path(__file__).resolve().parents[2]).encode()
    for file in (published.tflite, published.onnx):
        data = file.read_bytes()
        assert root not in data and str(shared).encode() not in data and b".py" not in data


def test_simulated_windows_stand_in_and_the_result_says_so(tmp_path: Path) -> None:
    done = convert_model(small_onnx(tmp_path), tmp_path / "out")
    assert done.simulated and done.calibration.windows == 200
    assert done.evaluated.y is None and done.network is None


def test_labels_of_test_windows_give_accuracy(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(600, 1, 4, 6)).astype(np.float32)
    calibration, test = x[:300], x[300:]
    plain = convert_model(small_onnx(tmp_path), tmp_path / "a", calibration, Windows(test))
    y = plain.evaluated.logits.argmax(axis=1)
    done = convert_model(small_onnx(tmp_path), tmp_path / "b", calibration, Windows(test, y))
    assert done.ledger[0].accuracy == 1.0
    assert done.ledger[-1].accuracy == done.ledger[-1].top1_agreement


def test_calibration_windows_among_the_test_are_refused(tmp_path: Path) -> None:
    x = numbers(60, 1, 4, 6)
    with pytest.raises(InputError, match="1 of the 31 test windows are also among the calibration windows"):
        convert_model(small_onnx(tmp_path), tmp_path / "out", x[:30], Windows(x[29:]))
    assert not (tmp_path / "out").exists()


def test_a_drift_stops_the_conversion_and_writes_nothing(tmp_path: Path) -> None:
    strict = Gates(int8_agreement=1.01)
    with pytest.raises(DriftError, match="tflite-int8") as caught:
        convert_model(small_onnx(tmp_path), tmp_path / "out", numbers(20, 1, 4, 6), gates=strict)
    assert caught.value.ledger[-1].stage == "tflite-int8"
    assert not (tmp_path / "out").exists()


def test_windows_of_noise_and_extremes_are_shown_but_hold_no_gate(tmp_path: Path) -> None:
    extreme = numbers(50, 1, 4, 6, seed=5) * 1000
    done = convert_model(small_onnx(tmp_path), tmp_path / "out", numbers(60, 1, 4, 6), Windows(extreme))
    assert done.ledger[-1].top1_agreement < Gates().int8_agreement
    assert np.array_equal(done.evaluated.x, extreme)
    with pytest.raises(DriftError):
        strict = Gates(int8_agreement=1.01)
        convert_model(
            small_onnx(tmp_path), tmp_path / "out", numbers(60, 1, 4, 6), Windows(extreme), gates=strict
        )


@pytest.mark.parametrize("shape", [(10, 1, 6, 4), (10, 24), (0, 1, 4, 6), ()])
def test_windows_of_another_shape_are_bad_input(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="calibration windows have shape"):
        convert_model(small_onnx(tmp_path), tmp_path / "out", np.zeros(shape, np.float32))


def test_windows_that_are_not_finite_are_bad_input(tmp_path: Path) -> None:
    x = np.full((4, 1, 4, 6), np.nan, np.float32)
    with pytest.raises(InputError, match="not finite"):
        convert_model(small_onnx(tmp_path), tmp_path / "out", x)


def test_a_model_without_preprocessing_cannot_be_calibrated_on_recordings(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say how its windows are made"):
        convert_model(small_onnx(tmp_path), tmp_path / "out", FromDataset("simulated"))


def test_a_checkpoint_is_calibrated_on_the_trials_it_was_trained_on(tmp_path: Path) -> None:
    simulation = Simulation(repetitions=2, seconds=0.4, sessions=1)
    choice = DataChoice("simulated", simulation=simulation)
    preprocess = replace(default_preprocess(), normalise="none")
    network = MobileNetV2(MobileNetV2Config(classes=len(LABELS)))
    notes = {"data": choice.to_dict()}
    save_checkpoint(tmp_path / "c.pt", network, LABELS, preprocess, notes)
    done = convert_model(tmp_path / "c.pt", tmp_path / "out", FromDataset("simulated"), gates=ANY_DRIFT)
    data = choice.load(None)
    test = labelled_windows([data.recordings[i] for i in choice.divide(data).test], preprocess)
    assert np.array_equal(done.evaluated.x, preprocess.normalised(test.features))
    assert done.evaluated.y is not None and np.array_equal(done.evaluated.y, test.y)
    assert done.network == "mobilenetv2"
    assert done.labels == LABELS and done.preprocess == preprocess and not done.simulated
    assert done.ledger[-1].accuracy is not None


def test_files_of_other_kinds_are_bad_input(tmp_path: Path) -> None:
    for name in ("model.mlmodel", "model"):
        with pytest.raises(InputError, match="cannot be converted"):
            convert_model(tmp_path / name, tmp_path / "out")


def test_sequences_convert_with_their_axes(tmp_path: Path) -> None:
    net = Net((4, 40))
    last = net.add("Relu", [net.add("Conv", ["x", numbers(6, 4, 5)], strides=[2])])
    last = net.add(
        "ReduceMean", [net.add("MaxPool", [last], kernel_shape=[2], strides=[2])], axes=[2], keepdims=0
    )
    net.add("Gemm", [last, numbers(6, 3)])
    path = tmp_path / "sequence.onnx"
    path.write_bytes(saved(net.proto()))
    done = convert_model(path, tmp_path / "out", numbers(50, 4, 40))
    assert (done.window_shape, done.window_axes, done.device_shape) == ((4, 40), (1, 0), (40, 4))
    assert "TRANSPOSE" not in operators(done.tflite.read_bytes())
