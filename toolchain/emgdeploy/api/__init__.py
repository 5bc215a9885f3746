"""The commands from Python: `from emgdeploy import api`.

Each function takes the options of the command of its name as keywords (`--max-latency-ms 5` is
`max_latency_ms=5`), raises the command's `EmgDeployError`, and passes its warnings on as `EmgDeployWarning`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emgdeploy.api.build import Build
from emgdeploy.api.calling import EmgDeployWarning, call
from emgdeploy.api.results import Metrics, Profile, Sizes, Verdict
from emgdeploy.boards import Board, load_board
from emgdeploy.errors import EmgDeployError

__all__ = [
    "Board",
    "Build",
    "EmgDeployError",
    "EmgDeployWarning",
    "Metrics",
    "Profile",
    "Sizes",
    "Verdict",
    "bench",
    "build",
    "convert",
    "evaluate",
    "load_board",
    "profile",
    "run",
    "size",
    "sweep",
    "train",
]

Place = str | Path


def train(dataset: str, out: Place, *, data: Place | None = None, **options: Any) -> Metrics:
    """Train a network; `out` then holds checkpoint.pt, calibration.npz, test.npz and metrics.json.

    Args:
        dataset: a name that `emgdeploy train --help` lists, "files", or "module:function".
        out: the folder for the results.
        data: where the recordings lie.
        **options: of `emgdeploy train`: network, epochs, subject, split and others.

    Returns:
        Scores on the test trials, with those of an LDA of the same windows in `table["baselines"]`.

    Raises:
        InputError: bad recordings. UsageError: options that make no sense. ToolMissingError: without PyTorch.
    """
    return Metrics.of(call("train", {"dataset": dataset, "out": out, "data": data, **options}).value)


def evaluate(checkpoint: Place, **options: Any) -> Metrics:
    """Test a checkpoint: `emgdeploy eval`, with dataset and data, or windows.

    Returns:
        Scores of the float network.
    """
    return Metrics.of(call("eval", {"checkpoint": checkpoint, **options}).value)


def convert(model: Place, out: Place, **options: Any) -> dict[str, Any]:
    """A checkpoint or ONNX file to model.int8.tflite in `out`; returns the ledger and the files.

    Raises:
        GateFailed: int8 changes too many answers; its message names the tensor that loses most.
    """
    value: dict[str, Any] = call("convert", {"model": model, "out": out, **options}).value
    return value


def build(board: str, model: Place | None = None, out: Place | None = None, **options: Any) -> Build:
    """Firmware for a board from a checkpoint, an ONNX file or an int8 .tflite; without `model` the default one.

    Raises:
        DoesNotFitError: the board is too small; the hint says what would fit.
        GateFailed, InputError, ToolMissingError, CompileError: as the command's exit codes (docs/cli.md).
    """
    value = call("build", {"board": board, "model": model, "out": out, **options}).value
    return Build.open(value["out"])


def bench(build: Build | Place | None = None, port: str | None = None, **options: Any) -> Verdict:
    """Send test windows to the device, or to the emulated or native board, and compare every bit.

    A verdict with wrong windows is returned, where the command ends with status 1.
    """
    return Verdict.of(call("bench", {"build": _folder(build), "port": port, **options}).value)


def profile(build: Build | Place | None = None, **options: Any) -> Profile:
    """Count the instructions and model the cycles of one inference, in an emulator."""
    return Profile.of(call("profile", {"build": _folder(build), **options}).value)


def size(build: Build | Place | None = None) -> Sizes:
    """Where the board's memory goes."""
    return Sizes.of(call("size", {"build": _folder(build)}).value)


def run(build: Build | Place | None = None, **options: Any) -> list[dict[str, Any]]:
    """Live recognition of samples or of a source: each decision, and the summary as the last one."""
    return call("run", {"build": _folder(build), **options}).records


def sweep(board: str, dataset: str, **options: Any) -> dict[str, Any]:
    """Search for the networks that no other beats on a board (docs/sweep.md); returns what sweep.json holds."""
    value: dict[str, Any] = call("sweep", {"board": board, "dataset": dataset, **options}).value
    return value


def _folder(build: Build | Place | None) -> Path | None:
    if build is None:
        return None
    return build.folder if isinstance(build, Build) else Path(build)
