"""What a firmware is built around: an int8 model, the windows it is proven on, and what goes with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import golden as goldens
from emgdeploy.convert.golden import Golden
from emgdeploy.convert.reference import Reference, evaluate
from emgdeploy.deploy.opened import Opened
from emgdeploy.deploy.probes import probes
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import manifest as manifests
from emgdeploy.firmware.manifest_parts import LedgerEntry, Ranges
from emgdeploy.graph import read_tflite
from emgdeploy.graph.types import Graph
from emgdeploy.signals.windowfile import Windows

if TYPE_CHECKING:
    from emgdeploy.convert.calibration import FromDataset, Settings
    from emgdeploy.convert.ledger import Gates
    from emgdeploy.convert.pipeline import Conversion

Report = Callable[[str], None]

GOLDEN_WINDOWS = 200
_LARGEST_TFLITE = 1 << 30

NO_LABELS = "the model brings no labels: classes are numbers (give --labels)"
NO_PREPROCESS = "the model brings no preprocessing: live recognition needs it (give --preprocess)"
SIMULATED = "calibrated on simulated windows: real accuracy needs real ones (give --calibration or --dataset)"
ONE_ANSWER = "all windows get the same answer: are they of the scale that the model was trained on?"


@dataclass(frozen=True)
class Workload:
    """name: of the file that the model came from. tflite: the model's bytes; graph: the same, parsed; files: artefact name -> file name of
    what lies in the build folder.

    window_shape and window_axes: see `manifest_parts.InputTensor`; shapes have no batch.
    """

    name: str
    tflite: bytes
    graph: Graph
    source_sha256: str
    files: dict[str, str]
    golden: Golden
    window_shape: tuple[int, ...]
    window_axes: tuple[int, ...]
    labels: tuple[str, ...] | None
    preprocess: dict[str, Any] | None
    ledger: tuple[LedgerEntry, ...]
    calibration: Ranges | None
    notes: tuple[str, ...]
    acquisition: dict[str, Any] | None = None
    network: str | None = None
    seen_windows: dict[str, Any] | None = None
    decisions: dict[str, Any] | None = None


@dataclass(frozen=True)
class Material:
    """What the user gave besides the model; None where nothing was given.

    calibration: float (N, *window shape), or a data set; calibrating: how ranges are chosen on it; gates: how
    far the conversion may drift. windows: to prove the firmware on, from windows_file where they have one. learned:
    labelled windows of the training, from which a calibration goes on.
    """

    calibration: NDArray[Any] | FromDataset | None = None
    calibrating: Settings | None = None
    gates: Gates | None = None
    windows: Windows | None = None
    windows_file: Path | None = None
    labels: tuple[str, ...] | None = None
    preprocess: dict[str, Any] | None = None
    decisions: dict[str, Any] | None = None
    factory: str | None = None
    learned: Windows | None = None


def prepare(model: Opened, folder: Path, given: Material, report: Report) -> Workload:
    """Convert `model` if it needs that, or take that of a build folder; put the model files into `folder`,
    compute the golden outputs.

    Raises InputError for bad files, GateFailed when the conversion drifts, ToolMissingError without
    the packages that a conversion or the reference interpreter needs.
    """
    given = _with_names_of_the_user(given)
    if model.path.is_dir():
        workload = _of_build(model.path, folder, given, report)
    elif model.path.suffix.lower() == ".tflite":
        workload = _from_tflite(model.path, folder, given, report)
    elif model.is_converted:
        workload = _converted(model, folder, given, report)
    else:
        raise InputError(
            f"{model.path}: a model is a .pt, .onnx or .tflite file, or a build folder",
            "name one with --model; docs/bring-your-model.md has a line for each other kind",
        )
    return _described(workload, given)


def _with_names_of_the_user(given: Material) -> Material:
    """The windows' classes in the order of --labels, which stand above the model's own names."""
    if given.labels is None or given.windows is None or given.windows.labels is None:
        return given
    named = given.windows.named_as(given.labels, _named(given))
    return replace(given, windows=replace(named, labels=None))


def _from_tflite(model: Path, folder: Path, given: Material, report: Report) -> Workload:
    data = _read(model)
    graph = read_tflite(data, model.name, evaluate)  # before the interpreter, which damage can bring down
    details = Reference(data, keep_tensors=False).input
    shape = tuple(int(size) for size in details.shape[1:])
    axes = tuple(range(len(shape)))
    report("computing the reference outputs")
    if given.windows is None:
        windows: Windows = Windows(probes(shape, np.dtype(details.dtype), GOLDEN_WINDOWS))
    else:
        windows = _fitting(given.windows, given, shape)
    write_atomic(folder / "model.tflite", data)
    return Workload(
        name=model.name,
        tflite=data,
        graph=graph,
        source_sha256=hashlib.sha256(data).hexdigest(),
        files={"tflite": "model.tflite"},
        golden=goldens.make(data, windows.x, axes, windows.y),
        window_shape=shape,
        window_axes=axes,
        labels=windows.labels,
        preprocess=None,
        ledger=(),
        calibration=None,
        notes=(),
    )


def _of_build(build: Path, folder: Path, given: Material, report: Report) -> Workload:
    """What another build was made around, unchanged, so that the same C comes out."""
    report("reading the other build")
    made = manifests.load(build)
    source = made.artifact(build, "tflite")
    data = _read(source)
    graph = read_tflite(data, source.name, evaluate)
    write_atomic(folder / source.name, data)
    golden, axes = goldens.load(made.artifact(build, "golden")), made.input.window_axes
    if given.windows is not None:
        windows = _fitting(given.windows, given, made.input.window_shape)
        windows = windows.named_as(made.output.labels, _named(given))
        golden = goldens.make(data, windows.x, axes, windows.y)
    shapes = (made.input.shape, made.output.shape)
    if not len(golden) or (golden.x.shape[1:], golden.y.shape[1:]) != shapes:
        raise InputError(f"{build}: its golden.npz is not of this build", "build the folder again")
    return Workload(
        name=made.model,
        tflite=data,
        graph=graph,
        source_sha256=made.model_sha256,
        network=made.network,
        files={"tflite": source.name},
        golden=golden,
        window_shape=made.input.window_shape,
        window_axes=axes,
        labels=made.output.labels,
        preprocess=made.preprocess,
        ledger=made.ledger,
        calibration=made.calibration,
        notes=(),
        acquisition=made.acquisition,
        seen_windows=made.seen_windows,
        decisions=made.decisions,
    )


def _converted(model: Opened, folder: Path, given: Material, report: Report) -> Workload:
    from emgdeploy.convert.pipeline import convert_source

    test = given.windows if given.windows is not None and given.windows.x.dtype.kind == "f" else None
    try:
        report("reading")
        done = convert_source(
            model.source(), folder, given.calibration, test, given.gates, report, given.calibrating
        )
    except InputError as error:
        if error.message.startswith("test windows"):
            raise InputError(f"{_named(given)}: {error.message}", error.hint) from error
        raise
    report("computing the reference outputs")
    data = done.tflite.read_bytes()
    return Workload(
        name=model.path.name,
        tflite=data,
        graph=read_tflite(data, done.tflite.name, evaluate),
        source_sha256=done.source_sha256,
        network=done.network,
        files={"tflite": done.tflite.name, "onnx": done.onnx.name},
        golden=_golden(data, done, given, model.path),
        window_shape=done.window_shape,
        window_axes=done.window_axes,
        labels=done.labels or (given.windows.labels if given.windows else None),
        preprocess=done.preprocess.to_dict() if done.preprocess else None,
        ledger=tuple(
            LedgerEntry(row.stage, row.max_abs_diff, row.top1_agreement, row.accuracy) for row in done.ledger
        ),
        calibration=Ranges(**asdict(done.calibration)),
        notes=((SIMULATED,) if done.calibration.simulated else ()) + done.notes,
        acquisition=done.acquisition.to_dict() if done.acquisition else None,
        seen_windows=done.seen.to_dict(),
        decisions=done.decisions,
    )


def _golden(data: bytes, done: Conversion, given: Material, model: Path) -> Golden:
    windows = None if given.windows is None else given.windows.named_as(done.labels, _named(given))
    if windows is None:
        seen = done.evaluated
        count = min(len(seen.x), GOLDEN_WINDOWS)
        y = None if seen.y is None else seen.y[:count]
        return goldens.make(data, seen.x[:count], done.window_axes, y, seen.logits[:count])
    if windows.x.dtype.kind != "f":
        _fitting(windows, given, done.device_shape)
        return goldens.make(data, windows.x, done.window_axes, windows.y)
    if len(windows) == len(done.evaluated.x):
        return goldens.make(data, windows.x, done.window_axes, windows.y, done.evaluated.logits)
    from emgdeploy.convert import onnxfile, onnxrun

    logits = onnxrun.run(onnxfile.load(done.onnx), windows.x.astype(np.float32), str(model))
    return goldens.make(data, windows.x, done.window_axes, windows.y, logits)


def _fitting(windows: Windows, given: Material, shape: tuple[int, ...]) -> Windows:
    if tuple(windows.x.shape[1:]) != shape:
        raise InputError(
            f"{_named(given)}: windows have shape {tuple(windows.x.shape[1:])}, the model takes {shape}",
            "make the windows with the preprocessing of this model",
        )
    return windows


def _named(given: Material) -> str:
    return "the windows" if given.windows_file is None else str(given.windows_file)


def _read(model: Path) -> bytes:
    try:
        if model.stat().st_size > _LARGEST_TFLITE:
            raise InputError(f"{model} is larger than 1 GB", "is this really a .tflite?")
        return model.read_bytes()
    except OSError as error:
        raise InputError(f"{model}: cannot be read ({error.strerror})", "check --model") from error


def _described(workload: Workload, given: Material) -> Workload:
    """Labels and preprocessing of the user before those of the model; what is missing becomes a note."""
    labels = given.labels or workload.labels
    classes = int(np.prod(workload.golden.y.shape[1:]))
    if labels is not None and len(labels) != classes:
        raise InputError(
            f"there are {len(labels)} labels, the model has {classes} outputs", "give one label per output"
        )
    if given.windows is not None and given.windows.y is not None and given.windows.y.max() >= classes:
        raise InputError(
            f"{_named(given)}: y holds class {given.windows.y.max()}, the model has {classes} outputs",
            "are these the windows of another model?",
        )
    preprocess = given.preprocess or workload.preprocess
    missing = [(labels, NO_LABELS), (preprocess, NO_PREPROCESS)]
    notes = workload.notes + tuple(note for value, note in missing if value is None)
    if len(workload.golden) > 1 and bool((workload.golden.y == workload.golden.y[0]).all()):
        notes += (ONE_ANSWER,)
    decisions = given.decisions or workload.decisions
    return replace(workload, labels=labels, preprocess=preprocess, decisions=decisions, notes=notes)
