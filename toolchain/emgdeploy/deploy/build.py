"""From a model to a build folder: convert, compile to C, compile the C, measure, prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from emgdeploy import state
from emgdeploy.convert import golden as goldens
from emgdeploy.deploy import adaptable, advice, arena, describe, early
from emgdeploy.deploy import request as requests
from emgdeploy.deploy.job import Job, Program
from emgdeploy.deploy.opened import Opened, open_model
from emgdeploy.deploy.request import BuildRequest, Report
from emgdeploy.deploy.workload import prepare
from emgdeploy.errors import DoesNotFitError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import app as apps
from emgdeploy.firmware import builds, compiler, image, integrity, manifest, nuttx, trust
from emgdeploy.firmware.image import Image
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.memory_budget import TooLarge
from emgdeploy.firmware.platform import EXECUTABLE, Platform, load_platform

Measure = Callable[[Path, Manifest], int | None]


def build(
    request: BuildRequest,
    report: Report = lambda stage: None,
    measure: Measure | None = None,
    warn: Report = lambda text: None,
) -> Manifest:
    """Make the build folder `request.out`; a failed build leaves what was there before.

    report: told each stage as it begins. measure: counts the instructions of one inference in the
    finished folder, or returns None where it cannot. warn: told what became of the user's own files in the
    folder that is replaced, and what else went wrong without spoiling the build. Raises InputError,
    GateFailed, ToolMissingError, DoesNotFitError, CompileError.
    """
    platform = load_platform(request.board)
    requests.check(request, platform)
    model = open_model(request.model, request.given.factory)
    try:
        early.check_checkpoint(request.board, model, request.system)
        if model.is_converted:
            compiler.find(request.board.cpu)  # before minutes go into a conversion
        with builds.replacing_build(request.out, warn) as folder:
            made = _filled(folder, request, platform, model, report, measure)
    except TooLarge as error:
        ways = advice.ways_out(request.board, request.system, error.need, model)
        raise DoesNotFitError(error.message, "; ".join([*error.ways, *ways]) or error.hint) from error
    if request.latest:
        builds.remember(request.out, warn)
    return made


def _filled(
    folder: Path,
    request: BuildRequest,
    platform: Platform,
    opened: Opened,
    report: Report,
    measure: Measure | None,
) -> Manifest:
    """Everything of a build, in an empty folder."""
    work = prepare(opened, folder, request.given, report)
    report("generating C" if request.tuner is None else "timing kernels, generating C")
    job = Job(request, platform, work)
    adaptable.check(job)
    chosen = job.choice()
    model = job.generate(chosen)
    job.check_plan(model)
    if request.weights == "ram":
        report("measuring the RAM that is free")
        model = job.generate(chosen, job.free_ram(model))
    program, recognition = job.program(model), job.recognition(model)
    for name, text in (program.sources | recognition.sources).items():
        write_atomic(folder / name, text)
    if request.live is not None:
        for name, data in job.sensing(model).files.items():
            write_atomic(folder / name, data)
    goldens.save(folder / "golden.npz", job.golden(model))
    arena.save(folder, model, program.identity)
    made = _compiled(job, program, folder, report)
    result = describe.manifest_of(describe.Finished(job, chosen, model, program, made, recognition))
    if measure is not None and not request.taps and "elf" in result.artifacts:
        report("counting instructions")
        result = replace(result, expected_instructions=measure(folder, result))
    adaptable.write(job, opened, result, folder)
    result = _remembered(result, folder, platform)
    result = replace(result, hashes=integrity.of_folder(folder))
    manifest.save(result, folder)
    return result


def _compiled(job: Job, program: Program, folder: Path, report: Report) -> Image:
    """The image, and the application folder where the platform has one, linked with its system where that is here."""
    report("compiling")
    made = image.make(folder, program.recipe, job.tools)
    apps.write(folder, program.recipe, program.identity, made.sizes.stack)
    tree = job.request.tree
    if tree is None:
        return made
    options = nuttx.NuttxOptions(apps.task_stack_bytes(made.sizes.stack), job.request.autostart)
    artifacts = {**made.artifacts, **nuttx.make(folder / apps.FOLDER, folder, tree, options, report)}
    return replace(made, artifacts=artifacts, sizes=image.measure_system(folder, program.recipe, made.sizes))


def _remembered(made: Manifest, folder: Path, platform: Platform) -> Manifest:
    """A program of this machine is noted as built here, so that `bench` may start it."""
    if platform.image != EXECUTABLE or trust.remember(folder / made.artifacts["elf"]):
        return made
    note = f"{state.folder()} cannot be written, so bench, run and flash need --trust-folder here"
    return replace(made, notes=(*made.notes, note))
