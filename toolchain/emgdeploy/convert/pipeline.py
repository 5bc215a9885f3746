"""The way from a checkpoint or ONNX file to an int8 .tflite, with the ledger written as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import onnxrun, quantize, simplify
from emgdeploy.convert import source as sources
from emgdeploy.convert.ledger import Gates, Ledger, LedgerRow
from emgdeploy.convert.lowering import program
from emgdeploy.convert.reference import Reference
from emgdeploy.convert.source import Source
from emgdeploy.convert.windows import dequantize, quantize_windows, to_device_layout
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.windowfile import Windows

ONNX_NAME = "model.onnx"
TFLITE_NAME = "model.int8.tflite"
# Ranges settle within a few hundred windows; every further one costs time in every build.
CALIBRATION_WINDOWS = 300
LEDGER_WINDOWS = 2000
SIMULATED_WINDOWS = 200
_SEED = 20

Report = Callable[[str], None]


@dataclass(frozen=True)
class Evaluated:
    """The windows the ledger was made on: x (N, *window shape), true classes y or None, float logits (N, K)."""

    x: NDArray[np.float32]
    y: NDArray[np.int64] | None
    logits: NDArray[np.float32]


@dataclass(frozen=True)
class Conversion:
    """What a conversion made, and what later stages need to know about it.

    window_axes permutes the axes of one window (no batch) into the device's order; device_shape has
    no batch either. `simulated` says that calibration and ledger saw no real windows.
    """

    tflite: Path
    onnx: Path
    source_sha256: str
    ledger: tuple[LedgerRow, ...]
    labels: tuple[str, ...] | None
    preprocess: Preprocess | None
    window_shape: tuple[int, ...]
    window_axes: tuple[int, ...]
    device_shape: tuple[int, ...]
    evaluated: Evaluated
    simulated: bool
    calibration_windows: int


def convert_model(
    source: Path,
    out: Path,
    calibration: NDArray[np.float32] | None = None,
    test: Windows | None = None,
    factory: str | None = None,
    gates: Gates | None = None,
    report: Report = lambda stage: None,
) -> Conversion:
    """Convert a .pt or .onnx and write `model.onnx` (simplified) and `model.int8.tflite` into `out`.

    calibration: (N, *window shape) float32; without it simulated windows of the input's shape are used.
    test: windows for the ledger, by default those of the calibration; `report` is told each stage.
    Raises InputError for a bad model or windows, DriftError (a GateFailed) when a stage drifts.
    Nothing is written unless every gate held.
    """
    report("reading")
    origin = sources.read(source, factory)
    simulated = calibration is None
    gates = gates or Gates()
    if calibration is None:
        calibration = simulated_windows(origin.window_shape, origin.preprocess)
        gates = gates if test is not None else gates.for_simulated()
    calibration = _evenly(_checked(calibration, origin, "calibration"), CALIBRATION_WINDOWS)
    x, y = _ledger_windows(calibration, test, origin)
    ledger = Ledger(gates, y)
    logits = _source_rows(ledger, origin, x)
    report("simplifying")
    simple = simplify.simplify(origin.model, str(source))
    ledger.add_float("onnx-simplified", onnxrun.run(simple, x, str(source)))
    report("lowering")
    lowered = program.lower(simple, str(source))
    device = to_device_layout(x, lowered.window_axes)
    floats = Reference(quantize.float_tflite(lowered), keep_tensors=False).run(device)
    ledger.add_float("tflite-float", floats.reshape(len(x), -1))
    report("quantizing")
    tflite = quantize.int8_tflite(lowered, calibration)
    report("comparing")
    ledger.add_int8("tflite-int8", int8_logits(tflite, x, lowered.window_axes))
    write_atomic(out / ONNX_NAME, simple.data)
    write_atomic(out / TFLITE_NAME, tflite)
    return Conversion(
        tflite=out / TFLITE_NAME,
        onnx=out / ONNX_NAME,
        source_sha256=origin.sha256,
        ledger=ledger.rows,
        labels=origin.labels,
        preprocess=origin.preprocess,
        window_shape=origin.window_shape,
        window_axes=lowered.window_axes,
        device_shape=lowered.device_shape,
        evaluated=Evaluated(x, y, logits),
        simulated=simulated,
        calibration_windows=len(calibration),
    )


def int8_logits(tflite: bytes, x: NDArray[np.float32], axes: tuple[int, ...]) -> NDArray[np.float32]:
    """Dequantized outputs (N, K) of the reference interpreter for float windows (N, *window shape)."""
    reference = Reference(tflite, keep_tensors=False)
    details = reference.input
    quantized = quantize_windows(x, details.scale, details.zero_point, details.dtype, axes)
    return dequantize(reference.run(quantized), reference.output.scale, reference.output.zero_point)


def simulated_windows(shape: tuple[int, ...], preprocess: Preprocess | None) -> NDArray[np.float32]:
    """Windows of simulated muscle activity for any input shape, as `preprocess` makes them: (N, *shape) float32."""
    from emgdeploy.signals import simulated

    x, _ = simulated.windows(shape, SIMULATED_WINDOWS, _SEED, preprocess)
    return np.asarray(x, np.float32).reshape(len(x), *shape)


def _source_rows(ledger: Ledger, origin: Source, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of the source itself; returns the float logits that everything later is compared to."""
    onnx_logits = onnxrun.run(origin.model, x, origin.name)
    if origin.network is None:
        ledger.add_float("onnx", onnx_logits)
        return onnx_logits
    torch_logits = origin.torch_logits(x)
    ledger.add_float("pytorch", torch_logits)
    ledger.add_float("onnx", onnx_logits)
    return torch_logits


def _ledger_windows(
    calibration: NDArray[np.float32], test: Windows | None, origin: Source
) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
    if test is None:
        return calibration, None
    x = _evenly(_checked(test.x, origin, "test"), LEDGER_WINDOWS)
    return x, None if test.y is None else _evenly(test.y, LEDGER_WINDOWS)


def _checked(windows: NDArray[np.float32], origin: Source, role: str) -> NDArray[np.float32]:
    if windows.ndim < 1 or windows.shape[1:] != origin.window_shape or len(windows) == 0:
        raise InputError(
            f"{role} windows have shape {windows.shape}, the model takes (N, {_listed(origin.window_shape)})",
            "make the windows with the preprocessing of this model",
        )
    windows = np.asarray(windows, np.float32)
    if not bool(np.isfinite(windows).all()):
        raise InputError(f"a {role} window holds a value that is not finite", "drop or repair that window")
    return windows


def _evenly(items: NDArray[Any], most: int) -> NDArray[Any]:
    """At most `most` of the items, spread evenly over all of them."""
    if len(items) <= most:
        return items
    return items[np.linspace(0, len(items) - 1, most).round().astype(np.int64)]


def _listed(shape: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in shape)
