"""The manifest of a finished build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import emgdeploy
from emgdeploy.boards import Board
from emgdeploy.calibrate import prior
from emgdeploy.codegen import GeneratedModel
from emgdeploy.codegen.naming import files_of
from emgdeploy.codegen.result import LayerInfo, TensorSpec
from emgdeploy.deploy.job import Job, Program
from emgdeploy.deploy.sensing import ARTIFACT, FILE
from emgdeploy.deploy.workload import Workload
from emgdeploy.firmware import app as apps
from emgdeploy.firmware import memory_budget as fits
from emgdeploy.firmware.image import Image
from emgdeploy.firmware.live import Recognition
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.manifest_parts import (
    Adaptable,
    ArenaBounds,
    InputTensor,
    Layer,
    Operator,
    OutputTensor,
)
from emgdeploy.signals.decisions import Rules

_LAYOUTS = {1: "C", 2: "WC", 3: "HWC", 4: "DHWC"}


@dataclass(frozen=True)
class Finished:
    """What a build came to. chosen: the kernels that a tuner chose; image: the whole of it."""

    job: Job
    chosen: Mapping[int, str] | None
    model: GeneratedModel
    program: Program
    image: Image
    recognition: Recognition


def manifest_of(done: Finished) -> Manifest:
    """The manifest, but for what only a run can tell."""
    request, work = done.job.request, done.job.work
    model, program, made = done.model, done.program, done.image
    recipe, board = program.recipe, program.recipe.board
    artifacts = {**made.artifacts, **work.files, "golden": "golden.npz"}
    if model.parameters:
        artifacts["adapt"] = prior.FILE
    sensing = None if request.live is None else done.job.sensing(model)
    if sensing is not None and sensing.files:
        artifacts[ARTIFACT] = FILE
    if recipe.platform.app is not None:
        artifacts["app"] = apps.FOLDER
    return Manifest(
        board=board.name,
        core=board.core,
        clock_hz=board.clock_hz,
        optimize=request.optimize,
        chosen=None if done.chosen is None else dict(done.chosen),
        weights=request.weights,
        model=work.name,
        model_sha256=work.source_sha256,
        firmware_build_id=program.identity,
        taps_of=program.taps_of,
        input=_input(model.input, work),
        output=_output(model.output, work),
        macs=model.macs,
        params=model.params,
        weights_bytes=model.weights_bytes,
        params_bytes=model.params_bytes,
        constants_ram_bytes=model.ram_constants_bytes,
        code_bytes=made.sizes.code,
        flash_bytes=made.sizes.flash,
        arena_bytes=model.arena_bytes,
        arena_peak_layer=model.peak_layer if model.layers else None,
        arena_bound_bytes=ArenaBounds(model.arena_bound_plain, model.arena_bound_overlapped),
        ram_bytes=made.sizes.ram,
        stack_bytes=made.sizes.stack,
        fits=True,
        expected_instructions=None,
        memories=made.sizes.memories,
        ledger=work.ledger,
        calibration=work.calibration,
        layers=tuple(_layer(layer, board) for layer in model.layers),
        operators=tuple(Operator(**vars(operator)) for operator in model.operators),
        artifacts=artifacts,
        sources=tuple(str(path) for path in recipe.model if path.name != files_of(request.name)[0]),
        firmware_sources=tuple(str(path) for path in recipe.firmware),
        tools={"emgdeploy": emgdeploy.__version__, "compiler": done.job.tools.version},
        reference=work.golden.reference,
        live_sources=done.recognition.compiled,
        preprocess=work.preprocess,
        acquisition=work.acquisition,
        notes=work.notes + _notes(done) + done.recognition.notes,
        network=work.network,
        name=request.name,
        seen_windows=work.seen_windows,
        live=None if sensing is None else sensing.facts,
        decisions=Rules.from_dict(work.decisions or {}).to_dict(),
        adapt=Adaptable(request.adapt, model.layers[-1].name, len(model.parameters))
        if model.parameters
        else Adaptable(),
    )


def _layer(layer: LayerInfo, board: Board) -> Layer:
    memory = board.memories_for("data" if layer.in_ram else "constants")[0].name
    return Layer(
        index=layer.index,
        name=layer.name,
        op=layer.op,
        macs=layer.macs,
        weights_bytes=layer.weights_bytes,
        in_bytes=layer.in_bytes,
        out_bytes=layer.out_bytes,
        constants_memory=memory if layer.constants_bytes else None,
        constants_ram_bytes=layer.constants_bytes if layer.in_ram else 0,
        kernel=layer.kernel,
    )


def _notes(done: Finished) -> tuple[str, ...]:
    stack, memories = done.image.stack, done.image.sizes.memories
    unproven = f"the stack is an estimate: {stack.reason}" if stack.bytes is None else None
    elsewhere = (
        None
        if done.job.request.tree is not None
        else fits.only_the_other_system(done.program.recipe.board, memories)
    )
    tapped = (
        None if done.program.taps_of is None else "with taps: its times are not those of the firmware without"
    )
    return tuple(note for note in (unproven, elsewhere, tapped) if note is not None)


def _input(spec: TensorSpec, work: Workload) -> InputTensor:
    shape = spec.shape[1:]
    return InputTensor(
        shape=shape,
        dtype=spec.dtype,
        layout=_LAYOUTS.get(len(shape), ""),
        scale=spec.scale,
        zero_point=spec.zero_point,
        window_shape=work.window_shape,
        window_axes=work.window_axes,
    )


def _output(spec: TensorSpec, work: Workload) -> OutputTensor:
    return OutputTensor(spec.shape[1:], spec.dtype, spec.scale, spec.zero_point, work.labels)
