"""From a model to a build folder: convert, compile to C, compile the C, measure, prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import emgdeploy
from emgdeploy import resources
from emgdeploy.boards import Board
from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.codegen.result import TensorSpec
from emgdeploy.convert import golden as goldens
from emgdeploy.convert.golden import Golden
from emgdeploy.cores import Core
from emgdeploy.errors import DoesNotFitError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import advice, builds, compiler, fits, image, live, manifest, nuttx
from emgdeploy.firmware import app as apps
from emgdeploy.firmware import info as infos
from emgdeploy.firmware.fits import TooLarge
from emgdeploy.firmware.image import Image, Recipe
from emgdeploy.firmware.manifest import ArenaBounds, InputTensor, Layer, Manifest, Operator, OutputTensor
from emgdeploy.firmware.nuttx import Tree
from emgdeploy.firmware.platform import Platform, load_platform, render
from emgdeploy.firmware.workload import Material, Workload, prepare
from emgdeploy.graph import read_tflite
from emgdeploy.graph.types import Graph

Report = Callable[[str], None]
Measure = Callable[[Path, Manifest], int | None]
Fits = Callable[[GeneratedModel], bool]
Tuner = Callable[[Graph, CodegenOptions, Core, Fits], Mapping[int, str]]

_RUNTIME = resources.FIRMWARE_TEMPLATES / "runtime"
_LAYOUTS = {1: "C", 2: "WC", 3: "HWC", 4: "DHWC"}


@dataclass(frozen=True)
class BuildRequest:
    """What to build. given: windows, labels and the like; extra_flags: more for the C compiler.

    tree: NuttX or SDK to link the application in; autostart: it is then the first program.
    tuner: chooses among the kernels that can compute an operator, see CodegenOptions.chosen.
    """

    board: Board
    model: Path
    out: Path
    optimize: str = "balanced"
    given: Material = field(default_factory=Material)
    extra_flags: tuple[str, ...] = ()
    tree: Tree | None = None
    autostart: bool = False
    tuner: Tuner | None = None

    @property
    def system(self) -> str:
        """The operating system around the application: that of the tree, else upstream's."""
        return "nuttx" if self.tree is None else self.tree.kind


def build(
    request: BuildRequest, report: Report = lambda stage: None, measure: Measure | None = None
) -> Manifest:
    """Make the build folder `request.out`; a failed build leaves what was there before.

    report: told each stage as it begins. measure: counts the instructions of one inference in the
    finished folder, or returns None where it cannot. Raises InputError, GateFailed, ToolMissingError,
    DoesNotFitError, CompileError.
    """
    try:
        return _build(request, report, measure)
    except TooLarge as error:
        ways = advice.ways_out(
            request.board, request.system, error.need, request.model, request.given.factory
        )
        raise DoesNotFitError(error.message, "; ".join([*error.ways, *ways]) or error.hint) from error


def _build(request: BuildRequest, report: Report, measure: Measure | None) -> Manifest:
    platform = load_platform(request.board)
    _check_tree(request, platform)
    if fits.is_checkpoint(request.model):
        fits.check_checkpoint(request.board, request.model, request.given.factory, request.system)
    if request.model.suffix.lower() != ".tflite":
        compiler.find(request.board.cpu)  # before minutes go into a conversion
    with builds.replacing_folder(request.out) as folder:
        work = prepare(request.model, folder, request.given, report)
        report("generating C" if request.tuner is None else "timing kernels, generating C")
        model = _generate(request, work)
        _check_plan(request, work, model)
        tools = compiler.find(request.board.cpu)
        sources = _sources(model) | {
            f"src/platform/{k}": v for k, v in render(platform, request.board).items()
        }
        recipe = _recipe(request, model, platform, sources)
        others = [work.tflite, tools.version.encode()]
        identity = infos.build_id(sources, recipe.compile_flags, others)
        sources["src/build_info.h"] = infos.build_info(request.board, identity, work.labels)
        recognition = _live(request, work, model)
        for name, text in (sources | recognition.sources).items():
            write_atomic(folder / name, text)
        report("compiling")
        made = image.make(folder, recipe, tools)
        apps.write(folder, request.board, platform, recipe.sources, identity, made.sizes.stack)
        if request.tree is not None:
            made = _in_the_tree(request, request.tree, folder, recipe, made, report)
        goldens.save(folder / "golden.npz", _as_the_device_sees(work.golden, model))
        result = _manifest(request, work, model, recipe, made, identity, tools.version, recognition)
        if measure is not None and "elf" in result.artifacts:
            report("counting instructions")
            result = replace(result, expected_instructions=measure(folder, result))
        manifest.save(result, folder)
    builds.remember(request.out)
    return result


def _check_tree(request: BuildRequest, platform: Platform) -> None:
    if platform.app is None and (request.tree is not None or request.autostart):
        raise UsageError(
            f"{request.board.name} needs no NuttX: --nuttx, --sdk and --autostart are for boards that run it",
            "leave them out",
        )
    if request.autostart and request.tree is None:
        raise UsageError(
            "--autostart configures an operating system, and there is none", "add --nuttx DIR or --sdk DIR"
        )


def _in_the_tree(
    request: BuildRequest, tree: Tree, folder: Path, recipe: Recipe, made: Image, report: Report
) -> Image:
    """The application linked with its operating system; sizes are then those of the whole image."""
    options = nuttx.NuttxOptions(apps.task_stack_bytes(made.sizes.stack), request.autostart)
    artifacts = {**made.artifacts, **nuttx.make(folder / apps.FOLDER, folder, tree, options, report)}
    return replace(made, artifacts=artifacts, sizes=image.measure_system(folder, recipe, made.sizes))


def _generate(request: BuildRequest, work: Workload) -> GeneratedModel:
    options = CodegenOptions(
        known_answer=(work.golden.x[0], work.golden.y[0]),
        optimize=request.optimize,
        isa=request.board.isa,
        header=_header(request, work),
    )
    graph = read_tflite(work.tflite)
    if request.tuner is not None:
        chosen = request.tuner(graph, options, request.board.cpu, lambda made: _fits(request, made))
        options = replace(options, chosen=chosen)
    return generate(graph, options)


def _fits(request: BuildRequest, model: GeneratedModel) -> bool:
    return fits.fits(request.board, fits.need_of(model), request.system)


def _header(request: BuildRequest, work: Workload) -> dict[str, str]:
    """What generated files say about where they come from."""
    return {
        "model_sha256": work.source_sha256,
        "model": request.model.name,
        "tool": f"emgdeploy {emgdeploy.__version__}",
        "options": f"--board {request.board.name} --optimize {request.optimize}"
        + (" --tune" if request.tuner else ""),
    }


def _live(request: BuildRequest, work: Workload, model: GeneratedModel) -> live.Recognition:
    order = live.device_order(work.window_shape, work.window_axes)
    return live.recognition(work.preprocess, model.input, work.window_shape, order, _header(request, work))


def _as_the_device_sees(golden: Golden, model: GeneratedModel) -> Golden:
    """A model with float input and output keeps those operators on the host; the device sees integers."""
    return replace(golden, x=model.input.quantize(golden.x), y=model.output.quantize(golden.y))


def _check_plan(request: BuildRequest, work: Workload, model: GeneratedModel) -> None:
    """Raises TooLarge, which says so where --optimize memory would be enough."""
    board, need = request.board, fits.need_of(model)
    try:
        fits.check(board, fits.least_use(board, need, request.system), need, request.system)
    except TooLarge as error:
        if request.optimize != "memory":
            smallest = fits.need_of(_generate(replace(request, optimize="memory", tuner=None), work))
            if fits.fits(board, smallest, request.system):
                error.ways.append(f"--optimize memory fits (an arena of {smallest.arena:,} bytes)")
        raise


def _sources(model: GeneratedModel) -> dict[str, str]:
    """Path in the build folder -> text, of the model, its kernels and the application."""
    texts = {f"src/{name}": text for name, text in model.files.items()}
    application = [path.relative_to(_RUNTIME) for path in sorted((_RUNTIME / "app").glob("*.[ch]"))]
    for name in ("platform.h", *model.runtime_sources, *(path.as_posix() for path in application)):
        texts[f"src/runtime/{name}"] = (_RUNTIME / name).read_text(encoding="utf-8")
    return texts


def _recipe(
    request: BuildRequest, model: GeneratedModel, platform: Platform, sources: dict[str, str]
) -> Recipe:
    compiled = sorted(name for name in sources if name.endswith(".c"))
    kernels = {f"src/runtime/{name}" for name in model.runtime_sources}
    own = [name for name in compiled if name == "src/model.c" or name in kernels]
    return Recipe(
        board=request.board,
        platform=platform,
        model=tuple(map(Path, own)),
        firmware=tuple(Path(name) for name in compiled if name not in own),
        need=fits.need_of(model),
        extra_flags=request.extra_flags,
    )


def _manifest(
    request: BuildRequest,
    work: Workload,
    model: GeneratedModel,
    recipe: Recipe,
    made: Image,
    identity: str,
    compiler_version: str,
    recognition: live.Recognition,
) -> Manifest:
    artifacts = {**made.artifacts, **work.files, "golden": "golden.npz"}
    if recipe.platform.app is not None:
        artifacts["app"] = apps.FOLDER
    return Manifest(
        board=request.board.name,
        core=request.board.core,
        clock_hz=request.board.clock_hz,
        optimize=request.optimize,
        model_sha256=work.source_sha256,
        firmware_build_id=identity,
        input=_input(model.input, work),
        output=_output(model.output, work),
        macs=model.macs,
        params=model.params,
        weights_bytes=model.weights_bytes,
        params_bytes=model.params_bytes,
        code_bytes=made.sizes.code,
        flash_bytes=made.sizes.flash,
        arena_bytes=model.arena_bytes,
        arena_bound_bytes=ArenaBounds(model.arena_bound_plain, model.arena_bound_overlapped),
        ram_bytes=made.sizes.ram,
        stack_bytes=made.sizes.stack,
        fits=True,
        expected_instructions=None,
        memories=made.sizes.memories,
        ledger=work.ledger,
        layers=tuple(Layer(**vars(layer)) for layer in model.layers),
        operators=tuple(Operator(**vars(operator)) for operator in model.operators),
        artifacts=artifacts,
        sources=tuple(str(path) for path in recipe.model if path.name != "model.c"),
        firmware_sources=tuple(str(path) for path in recipe.firmware),
        tools={"emgdeploy": emgdeploy.__version__, "compiler": compiler_version},
        reference=work.golden.reference,
        live_sources=recognition.compiled,
        preprocess=work.preprocess,
        notes=work.notes + _notes(request, made) + recognition.notes,
    )


def _notes(request: BuildRequest, made: Image) -> tuple[str, ...]:
    unproven = f"the stack is an estimate: {made.stack.reason}" if made.stack.bytes is None else None
    elsewhere = (
        fits.only_the_other_system(request.board, made.sizes.memories) if request.tree is None else None
    )
    return tuple(note for note in (unproven, elsewhere) if note is not None)


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
