"""A sound file of each kind that `hostile_files` damages, and what reads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from emgdeploy import boards, resources
from emgdeploy.bench import tally
from emgdeploy.bench.tally import NotResumed, Tally
from emgdeploy.bench.workload import Workload
from emgdeploy.cli import entry, verbs
from emgdeploy.cli.console import Console
from emgdeploy.errors import InputError
from emgdeploy.firmware import integrity, manifest
from emgdeploy.signals import Preprocess, datasets, windowfile
from emgdeploy.signals.preprocess import load_preprocess

_X = np.random.default_rng(4)


def onnx_file(folder: Path) -> Path:
    """A convolution, an addition and a dense layer."""
    from onnx import TensorProto, helper, numpy_helper

    def constant(name: str, *shape: int) -> object:
        return numpy_helper.from_array(_X.normal(size=shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"], axis=1),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"], transB=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 1, 4, 4))
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 3))
    constants = [constant("k", 2, 1, 3, 3), constant("w", 3, 32), constant("b", 3)]
    graph = helper.make_graph(nodes, "net", [x], [y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = folder / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def read_onnx(path: Path) -> None:
    """Parsed and checked."""
    from emgdeploy.convert import onnxfile

    onnxfile.load(path)


def checkpoint(folder: Path) -> Path:
    """A small network of ours with everything a checkpoint can hold."""
    from emgdeploy.nets.checkpoint import save_checkpoint
    from emgdeploy.nets.mlp import Mlp, MlpConfig

    described = Preprocess(1000.0, (4, 4), tuple(range(16)), 100.0, 50.0)
    network = Mlp(MlpConfig(3, (1, 4, 4), 4))
    save_checkpoint(folder / "c.pt", network, ("a", "b", "c"), described, {"seed": 3})
    return folder / "c.pt"


def read_checkpoint(path: Path) -> None:
    """Its network, filled."""
    from emgdeploy.nets.checkpoint import load_checkpoint

    load_checkpoint(path)


def windows(folder: Path) -> Path:
    """Windows with classes and their names."""
    x, y = _X.normal(size=(4, 1, 2, 3)).astype(np.float32), np.array([0, 1, 1, 0])
    windowfile.save(folder / "w.npz", windowfile.Windows(x, y, ("rest", "fist")))
    return folder / "w.npz"


def read_windows(path: Path) -> None:
    """The arrays, checked against each other."""
    windowfile.load(path)


_HEAD = 'sample_rate_hz = 200\ngrid = [1, 2]\nlabels = ["rest", "fist"]\nunit = "mV"\n'
_EMG = np.round(_X.normal(size=(60, 2)), 3)


def _described(folder: Path, name: str, more: str = "") -> None:
    text = f'{_HEAD}[[recordings]]\nfile = "{name}"\nlabel = "fist"\nsubject = 1\n{more}'
    (folder / "dataset.toml").write_text(text)


def matlab(folder: Path) -> Path:
    """Numbers, a cell, a structure."""
    from scipy.io import savemat

    _described(folder, "r.mat", 'samples_array = "emg"\n')
    cells = np.empty((1, 2), object)
    cells[0] = [np.arange(3.0), "text"]
    savemat(folder / "r.mat", {"emg": _EMG, "c": cells, "p": {"rate": 200.0, "name": "a"}})
    return folder / "r.mat"


def csv(folder: Path) -> Path:
    """Headings and numbers."""
    _described(folder, "r.csv")
    rows = "\n".join(",".join(f"{value:g}" for value in row) for row in _EMG)
    (folder / "r.csv").write_text(f"EMG 1 (mV),EMG 2 (mV)\n{rows}\n")
    return folder / "r.csv"


def read_recording(path: Path) -> None:
    """The data set that the file is the one recording of."""
    datasets.load("files", path.parent)


def dataset(folder: Path) -> Path:
    """Most of what a dataset.toml can say."""
    for label in ("rest", "fist"):
        np.save(folder / f"{label}_1.npy", _EMG)
    (folder / "dataset.toml").write_text(
        f'{_HEAD}[label_map]\njunk = ""\nhand = "fist"\n'
        '[[recordings]]\npattern = "{label}_{repetition}.npy"\nsubject = 3\nsession = 2\n'
        '[[recordings]]\nfile = "rest_1.npy"\nlabel = "rest"\nstart_s = 0.05\nend_s = 0.2\nrepetition = 4\n'
    )
    return folder / "dataset.toml"


def read_dataset(path: Path) -> None:
    """All recordings that it names."""
    datasets.load("files", path.parent)


def board(folder: Path) -> Path:
    """A packaged board file with every kind of table."""
    return Path(shutil.copy(resources.BOARDS / "nucleo-l4r5zi.toml", folder))


def read_board(path: Path) -> None:
    """A Board."""
    boards.read_board(path)


def preprocess(folder: Path) -> Path:
    """A description with filters and normalisation."""
    (folder / "p.toml").write_text(
        "sample_rate_hz = 1000.0\ngrid = [2, 2]\nelectrodes = [0, 1, 2, 3]\nwindow_ms = 100.0\nstride_ms = 50.0\n"
        'image = "rms"\nframes = 2\nbandpass_hz = [20.0, 400.0]\nbandpass_order = 2\nnotch_hz = [50.0]\n'
        'notch_q = 30.0\nlog_epsilon = 0.001\nrectify = false\nnormalise = "global"\nmean = [0.1]\nstd = [1.0]\n'
    )
    return folder / "p.toml"


def read_preprocess(path: Path) -> None:
    """A description and its filters."""
    from emgdeploy.signals import filters

    filters.sections(load_preprocess(path))


def config(folder: Path) -> Path:
    """Options of several verbs."""
    (folder / "emgdeploy.toml").write_text(
        'board = "native"\nlabels = "l.txt"\noptimize = "speed"\ntune = false\nlimit = 5\nport = "/dev/ttyUSB0"\n'
        'windows = "w.npz"\nbaud = 115200\nseed = 3\n'
    )
    return folder / "emgdeploy.toml"


def read_config(path: Path) -> None:
    """The options of two verbs."""
    for verb in ("build", "bench"):
        entry.parse(verbs.load(verb), ["--config", str(path)], Console())


def manifest_file(folder: Path) -> Path:
    """The manifest of a whole build."""
    from support.models.tiny import tiny_tflite

    (folder / "m.tflite").write_bytes(tiny_tflite())
    options = ["--board", "native", "--model", str(folder / "m.tflite"), "--out", str(folder / "b")]
    subprocess.run([sys.executable, "-m", "emgdeploy", "build", *options], check=True, capture_output=True)
    return folder / "b" / manifest.FILE


def read_manifest(path: Path) -> None:
    """A manifest, the board that it names and all files that it lists."""
    found = manifest.load(path.parent)
    boards.load_board(found.board)
    for name in found.artifacts:
        found.artifact(path.parent, name)
    integrity.check_all(path.parent, found.hashes)


def _fresh() -> Tally:
    x = np.arange(24, dtype=np.int8).reshape(6, 4)
    return Tally.empty(Workload(x, x[:, :3], None, None, "a test", "none"), "native 1 2", "/dev/ttyACM0")


def partial(folder: Path) -> Path:
    """Three of six answers."""
    made = _fresh()
    made.answered[:3] = True
    made.save(folder)
    return folder / tally.FILE


def read_partial(path: Path) -> None:
    """What is taken of it must be what was written: anything else would be an answer that nobody gave."""
    try:
        found = tally.resume(_fresh(), path.parent)
    except NotResumed as error:
        raise InputError(f"not resumed: {error}", "begin anew") from None
    assert found is not None and found.answered.tolist() == [True] * 3 + [False] * 3
    assert not found.outputs.any() and not found.ticks.any() and (found.answered_for == tally.OWN).all()
