"""The way from a checkpoint or ONNX file to an int8 .tflite, with the ledger written as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import (
    autopad,
    division,
    doubts,
    ending,
    fakequant,
    losses,
    methods,
    onnxrun,
    quantize,
    simplify,
    whole,
)
from emgdeploy.convert import source as sources
from emgdeploy.convert.calibration import LEARNED, Calibration, Chosen, FromDataset, Settings, choose
from emgdeploy.convert.ending import Ending
from emgdeploy.convert.ledger import DriftError, Gates, Ledger, LedgerRow
from emgdeploy.convert.lowering import program
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.convert.reference import Reference
from emgdeploy.convert.source import Logits, Source
from emgdeploy.convert.windows import dequantize, quantize_windows, to_device_layout
from emgdeploy.errors import GateFailed, InputError
from emgdeploy.files import write_atomic
from emgdeploy.graph.reader import Function, read_functions, read_tflite
from emgdeploy.nets import seen
from emgdeploy.nets.ranges import Range
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.traces import Trace
from emgdeploy.signals.windowfile import Windows

ONNX_NAME = "model.onnx"
TFLITE_NAME = "model.int8.tflite"
WIDE_NAME = "model.int16x8.tflite"
INT8_STAGE = "tflite-int8"
WIDE_STAGE = "tflite-int16x8"
FAKE_STAGE = "fake-quantized"
QDQ_STAGE = "onnx-quantized"
# How TensorFlow's converter finds ranges where it does so itself: the smallest and the largest value.
_CONVERTERS_METHOD = "minmax"
# Enough to see 0.3 points of accuracy, at 2 to 5 ms of the reference interpreter for each.
LEDGER_WINDOWS = 4000

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
    no batch either. `simulated` says that the ledger saw no real windows. notes: what its numbers cannot show.
    network: the name of a checkpoint's, None for an ONNX file. functions: what the file computes in float between
    two int8 tensors, and a build as tables. seen: windows that the model was trained or calibrated on.
    decisions: of the checkpoint, as `signals.decisions.Rules` reads them.
    """

    tflite: Path
    onnx: Path
    source_sha256: str
    network: str | None
    ledger: tuple[LedgerRow, ...]
    labels: tuple[str, ...] | None
    preprocess: Preprocess | None
    acquisition: Acquisition | None
    window_shape: tuple[int, ...]
    window_axes: tuple[int, ...]
    device_shape: tuple[int, ...]
    evaluated: Evaluated
    simulated: bool
    calibration: Calibration
    notes: tuple[str, ...]
    functions: tuple[Function, ...]
    seen: Trace
    decisions: dict[str, Any] | None = None


def convert_model(
    source: Path,
    out: Path,
    calibration: NDArray[np.float32] | FromDataset | None = None,
    test: Windows | None = None,
    factory: str | None = None,
    gates: Gates | None = None,
    report: Report = lambda stage: None,
    settings: Settings | None = None,
) -> Conversion:
    """Convert a .pt or .onnx and write `model.onnx` (simplified) and `model.int8.tflite` into `out`.

    calibration: (N, *window shape) float32, or a data set to cut them from; without it simulated windows
    of the input's shape are used. settings: how int8 ranges are chosen on them, unless the model brings its own.
    test: windows for the ledger, by default those of the calibration; `report` is told each stage.
    Raises InputError for a bad model or windows, DriftError (a GateFailed) when a stage drifts.
    Nothing is written unless every gate held.
    """
    report("reading")
    return convert_source(sources.read(source, factory), out, calibration, test, gates, report, settings)


def convert_source(
    origin: Source,
    out: Path,
    calibration: NDArray[np.float32] | FromDataset | None = None,
    test: Windows | None = None,
    gates: Gates | None = None,
    report: Report = lambda stage: None,
    settings: Settings | None = None,
) -> Conversion:
    """`convert_model` of what was read already."""
    source = origin.place or origin.name
    origin = replace(origin, model=autopad.spelled(origin.model, origin.name))
    report("simplifying")
    simple, ranges = fakequant.separate(
        simplify.simplify(origin.model, source), source, origin.network is None
    )
    simple, end = ending.cut(simple)
    simple = division.spelled(simple, source)
    program.check_operators(simple, source)  # before anything that takes long
    settings = settings or Settings()
    wide = settings.activations == "int16"
    if wide:
        program.check_wide(simple, source)
    chosen = choose(origin, calibration, test, LEDGER_WINDOWS, settings.size)
    gates = gates or Gates()
    gates = gates.for_simulated() if chosen.simulated and chosen.y is None else gates
    ledger = Ledger(gates, chosen.y)
    x = chosen.x
    logits = onnxrun.run(simple, x, source)
    answers = _source_rows(ledger, origin, x, end, logits)
    ledger.add_float("onnx-simplified", end.of(logits))
    report("lowering")
    lowered = program.lower(simple, source)
    device = to_device_layout(x, lowered.window_axes)
    floats = Reference(quantize.float_tflite(lowered), keep_tensors=False).run(device)
    ledger.add_float("tflite-float", end.of(floats.reshape(len(x), -1)))
    report("quantizing")
    ranges, how = _ranges(simple, ranges, chosen, settings)
    tflite = _int8(simple, source, lowered, ranges, chosen)
    if lowered.recurrent:
        how = Calibration(_CONVERTERS_METHOD, len(chosen.calibration), chosen.simulated)
    functions = _whole_functions(tflite, source)
    stages = {INT8_STAGE: tflite}
    if wide:
        tflite = stages[WIDE_STAGE] = _int16(source, lowered, chosen)
        how = Calibration(_CONVERTERS_METHOD, len(chosen.calibration), chosen.simulated)
    report("comparing")
    answers = _rounded_row(ledger, origin, chosen, end, answers)
    reference = ledger.last
    try:
        for stage, data in stages.items():
            gated = chosen.representative and data is tflite
            found = end.of(int8_logits(data, x, lowered.window_axes))
            ledger.add_int8(stage, found, gated, against=reference)
        if not chosen.representative:
            exact = origin.fake_quantized if origin.network is None and not end.ops else None
            _hold_on_calibration(
                gates,
                exact or partial(onnxrun.run, simple, source="calibration"),
                tflite,
                chosen.calibration,
                lowered.window_axes,
            )
    except DriftError as drift:
        seen = x if chosen.representative else chosen.calibration
        why = losses.explained(losses.worst(simple, ranges, seen), drift.ledger[-1].logits_error)
        raise DriftError(drift.message + why, drift.hint, drift.ledger) from None
    write_atomic(out / ONNX_NAME, simple.data)
    name = WIDE_NAME if wide else TFLITE_NAME
    write_atomic(out / name, tflite)
    return Conversion(
        tflite=out / name,
        onnx=out / ONNX_NAME,
        source_sha256=origin.sha256,
        network=origin.network_name,
        ledger=ledger.rows,
        labels=origin.labels,
        preprocess=origin.preprocess,
        acquisition=origin.acquisition,
        window_shape=origin.window_shape,
        window_axes=lowered.window_axes,
        device_shape=lowered.device_shape,
        evaluated=Evaluated(x, chosen.y, logits if end.ops else answers),
        simulated=chosen.simulated,
        calibration=how,
        notes=_unheard(settings, how)
        + end.notes
        + _notes(origin, chosen, logits, None if wide else ranges[simple.input_name]),
        functions=() if wide else tuple(functions),
        seen=_seen(origin, chosen),
        decisions=origin.training.get("decisions"),
    )


def _seen(origin: Source, chosen: Chosen) -> Trace:
    trained = seen.windows_of(origin.training, origin.name)
    return trained if chosen.simulated else trained.joined(Trace.of_windows(chosen.calibration))


def _unheard(settings: Settings, how: Calibration) -> tuple[str, ...]:
    """That a method was asked for which a network with an LSTM does not take."""
    if not settings.asked or how.method in (settings.method, LEARNED):
        return ()
    return (
        f"--calibration-method {settings.method} has no effect on a network with an LSTM, nor with --activations int16: "
        f"TensorFlow's converter finds the ranges there, by {how.method}",
    )


def _notes(
    origin: Source, chosen: Chosen, logits: NDArray[np.float32], held: Range | None
) -> tuple[str, ...]:
    """Simulated windows only show that the conversion works: nothing about them is worth a doubt.

    held: what int8 holds of the input.
    """
    if chosen.simulated and chosen.y is None:
        return ()
    of_input = () if held is None else doubts.of_input(chosen.calibration, held)
    return doubts.of_answers(logits, origin.labels) + of_input


def _ranges(
    simple: OnnxModel, known: dict[str, Range], chosen: Chosen, settings: Settings
) -> tuple[dict[str, Range], Calibration]:
    """The range of every int8 tensor, and how it was found."""
    ranges = methods.ranges_of(simple, chosen.calibration, settings.method, known)
    if len(ranges) == len(known):
        return ranges, Calibration(LEARNED, 0, simulated=False)
    return ranges, Calibration(settings.method, len(chosen.calibration), chosen.simulated)


def _int8(
    simple: OnnxModel, source: str, lowered: program.Program, ranges: dict[str, Range], chosen: Chosen
) -> bytes:
    """The int8 file; the converter itself finds the ranges of a network with recurrent layers."""
    if lowered.recurrent:
        return quantize.int8_tflite(lowered, to_device_layout(chosen.calibration, lowered.window_axes))
    return quantize.int8_tflite(program.lower(simple, source, ranges))


def _int16(source: str, lowered: program.Program, chosen: Chosen) -> bytes:
    """The file of int16 activations. Raises InputError where an operator has no such form, or no kernel for it."""
    try:
        tflite = quantize.int16_tflite(lowered, to_device_layout(chosen.calibration, lowered.window_axes))
        whole.check(tflite, source)
        read_tflite(tflite, source)
    except (InputError, GateFailed) as error:
        raise InputError(
            f"{source}: cannot be converted to int16 activations: {error.message}",
            "leave --activations int16 out; docs/operators.md says which operators have a 16x8 form",
        ) from None
    return tflite


def _whole_functions(tflite: bytes, source: str) -> list[Function]:
    """What the int8 file computes in float within; raises GateFailed where anything else is no integer."""
    functions = read_functions(tflite, source)
    whole.check(tflite, source, {name for function in functions for name in function.tensors})
    return functions


def _hold_on_calibration(
    gates: Gates,
    exact: Logits,
    tflite: bytes,
    calibration: NDArray[np.float32],
    axes: tuple[int, ...],
) -> None:
    """Test windows without labels may be anything, noise and extremes included: they are shown in the
    ledger, and the int8 gate is held on the windows that int8 was made for."""
    check = Ledger(gates, None)
    check.add_float("onnx-simplified", exact(calibration))
    check.add_int8(INT8_STAGE, int8_logits(tflite, calibration, axes))


def int8_logits(tflite: bytes, x: NDArray[np.float32], axes: tuple[int, ...]) -> NDArray[np.float32]:
    """Dequantized outputs (N, K) of the reference interpreter for float windows (N, *window shape)."""
    reference = Reference(tflite, keep_tensors=False)
    details = reference.input
    quantized = quantize_windows(x, details.scale, details.zero_point, details.dtype, axes)
    return dequantize(reference.run(quantized), reference.output.scale, reference.output.zero_point)


def _source_rows(
    ledger: Ledger, origin: Source, x: NDArray[np.float32], end: Ending, logits: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The rows of the source itself; returns the float answers that everything later is compared to.

    logits: (N, K) without what stands at the network's end.
    """
    plain, _ = fakequant.separate(origin.model, origin.name, origin.network is None)
    onnx_answers = onnxrun.run(plain, x, origin.name)
    answers = onnx_answers if origin.network is None else origin.torch_logits(x)
    if end.names_class:
        end.same_classes(answers, logits)
        return end.of(logits)
    if origin.network is not None:
        ledger.add_float("pytorch", answers)
    ledger.add_float("onnx", onnx_answers)
    return answers


def _rounded_row(
    ledger: Ledger, origin: Source, chosen: Chosen, end: Ending, answers: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The row of a source that says itself what rounding costs; returns what int8 is an imitation of.

    answers: those of the float network. A quantized ONNX file is what its user has, whatever float network is behind it.
    """
    if origin.fake_quantized is None or end.names_class:
        return answers
    rounded = origin.fake_quantized(chosen.x)
    if origin.network is not None:
        ledger.add_int8(FAKE_STAGE, rounded, gated=chosen.representative)
        return answers
    ledger.add_int8(QDQ_STAGE, rounded, gated=False)
    return rounded
