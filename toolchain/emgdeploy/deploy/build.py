"""From a model to a build folder: convert, compile to C, compile the C, measure, prove."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import emgdeploy
from emgdeploy import resources, state
from emgdeploy.boards import Board
from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.convert import golden as goldens
from emgdeploy.convert.golden import Golden
from emgdeploy.convert.reference import evaluate
from emgdeploy.cores import Core
from emgdeploy.deploy import advice, describe, early
from emgdeploy.deploy.describe import Program
from emgdeploy.deploy.workload import Material, Workload, prepare
from emgdeploy.errors import DoesNotFitError, UsageError
from emgdeploy.files import write_atomic
from emgdeploy.firmware import app as apps
from emgdeploy.firmware import builds, compiler, image, integrity, live, manifest, nuttx, trust
from emgdeploy.firmware import info as infos
from emgdeploy.firmware import memory_budget as fits
from emgdeploy.firmware.compiler import Compiler
from emgdeploy.firmware.image import Image, Recipe
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.firmware.memory_budget import TooLarge
from emgdeploy.firmware.nuttx import Tree
from emgdeploy.firmware.platform import EXECUTABLE, OBJECTS, Platform, load_platform, render
from emgdeploy.graph import read_tflite
from emgdeploy.graph.types import Graph
from emgdeploy.nets.checkpoint import is_checkpoint

Report = Callable[[str], None]
Measure = Callable[[Path, Manifest], int | None]
Fits = Callable[[GeneratedModel], bool]
Tuner = Callable[[Graph, CodegenOptions, Core, Fits], Mapping[int, str]]

# What a build with taps takes of the RAM beside the same one without (runtime/taps), and some stack more.
_FOR_TAPS, _FOR_TAPS_PER_LAYER = 1024, 8

_RUNTIME = resources.FIRMWARE_TEMPLATES / "runtime"


@dataclass(frozen=True)
class BuildRequest:
    """What to build. given: windows, labels and the like; extra_flags: more for the C compiler.

    tree: NuttX or SDK to link the application in; autostart: it is then the first program.
    model: a file, or the folder of another build (see `like`).
    weights: "flash" leaves them where constants are, "ram" copies what gains most to RAM as far as it has room.
    tuner: chooses among the kernels that can compute an operator, see CodegenOptions.chosen; or chosen has
    what was chosen before. taps: the firmware hands out what each layer made (docs/protocol.md), with the
    same C for the model. latest: what is asked for without --build is this one from now on.
    """

    board: Board
    model: Path
    out: Path
    optimize: str = "balanced"
    weights: str = "flash"
    given: Material = field(default_factory=Material)
    extra_flags: tuple[str, ...] = ()
    tree: Tree | None = None
    autostart: bool = False
    tuner: Tuner | None = None
    chosen: Mapping[int, str] | None = None
    taps: bool = False
    latest: bool = True

    @property
    def tuned(self) -> bool:
        """Whether its kernels were chosen by counting."""
        return self.tuner is not None or self.chosen is not None

    @property
    def system(self) -> str:
        """The operating system around the application: that of the tree, else upstream's."""
        return "nuttx" if self.tree is None else self.tree.kind


def like(folder: Path, made: Manifest, board: Board, out: Path) -> BuildRequest:
    """To build once more what lies in `folder`, with the same options."""
    chosen = made.chosen if board.name == made.board else None
    return BuildRequest(board, folder, out, made.optimize, made.weights, chosen=chosen)


def build(
    request: BuildRequest,
    report: Report = lambda stage: None,
    measure: Measure | None = None,
    warn: Report = lambda text: None,
) -> Manifest:
    """Make the build folder `request.out`; a failed build leaves what was there before.

    report: told each stage as it begins. measure: counts the instructions of one inference in the
    finished folder, or returns None where it cannot. warn: told what became of the user's own files in the
    folder that is replaced, and what else went wrong without spoiling the build. Raises InputError, GateFailed, ToolMissingError,
    DoesNotFitError, CompileError.
    """
    try:
        return _build(request, report, measure, warn)
    except TooLarge as error:
        ways = advice.ways_out(
            request.board, request.system, error.need, request.model, request.given.factory
        )
        raise DoesNotFitError(error.message, "; ".join([*error.ways, *ways]) or error.hint) from error


def _build(request: BuildRequest, report: Report, measure: Measure | None, warn: Report) -> Manifest:
    platform = load_platform(request.board)
    _check_tree(request, platform)
    _check_weights(request, platform)
    if is_checkpoint(request.model):
        early.check_checkpoint(request.board, request.model, request.given.factory, request.system)
    if not request.model.is_dir() and request.model.suffix.lower() != ".tflite":
        compiler.find(request.board.cpu)  # before minutes go into a conversion
    with builds.replacing_build(request.out, warn) as folder:
        work = prepare(request.model, folder, request.given, report)
        report("generating C" if request.tuner is None else "timing kernels, generating C")
        chosen = _chosen(request, work)
        model = _generate(request, work, chosen)
        _check_plan(request, work, model)
        tools = compiler.find(request.board.cpu)
        if request.weights == "ram":
            report("measuring the RAM that is free")
            room = _free_ram(request, work, model, platform, tools)
            model = _generate(request, work, chosen, room)
        program = _program(request, work, model, platform, tools)
        recognition = _live(request, work, model)
        for name, text in (program.sources | recognition.sources).items():
            write_atomic(folder / name, text)
        report("compiling")
        made = image.make(folder, program.recipe, tools)
        apps.write(folder, program.recipe, program.identity, made.sizes.stack)
        if request.tree is not None:
            made = _in_the_tree(request, request.tree, folder, program.recipe, made, report)
        goldens.save(folder / "golden.npz", _as_the_device_sees(work.golden, model))
        result = describe.manifest_of(
            describe.Finished(
                request.optimize,
                request.weights,
                chosen,
                work,
                model,
                program,
                made,
                tools.version,
                recognition,
                request.tree is not None,
            )
        )
        if measure is not None and not request.taps and "elf" in result.artifacts:
            report("counting instructions")
            result = replace(result, expected_instructions=measure(folder, result))
        result = _remembered(result, folder, platform)
        result = replace(result, hashes=integrity.of_folder(folder))
        manifest.save(result, folder)
    if request.latest:
        builds.remember(request.out, warn)
    return result


def _remembered(made: Manifest, folder: Path, platform: Platform) -> Manifest:
    """A program of this machine is noted as built here, so that `bench` may start it."""
    if platform.image != EXECUTABLE or trust.remember(folder / made.artifacts["elf"]):
        return made
    note = f"{state.folder()} cannot be written, so bench, run and flash need --trust-folder here"
    return replace(made, notes=(*made.notes, note))


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


def _check_weights(request: BuildRequest, platform: Platform) -> None:
    if request.weights == "flash":
        return
    board = request.board
    if board.memories_for("constants")[0] == board.memories_for("data")[0]:
        raise UsageError(
            f"{board.name} runs from RAM, weights included: there is nothing for --weights ram to do",
            "leave it out, or say --weights flash",
        )
    if platform.image == OBJECTS:
        raise UsageError(
            f"what of the RAM of {board.name} is free is known to {board.platform} alone: --weights ram is for "
            "boards whose whole image is linked here",
            "leave it out, or say --weights flash",
        )


def _free_ram(
    request: BuildRequest, work: Workload, model: GeneratedModel, platform: Platform, tools: Compiler
) -> int:
    """What constants may take of the RAM: all that the same image without them there leaves free.

    Without taps in any case, and with room for them, so that a build with them has the same C.
    """
    program = _program(replace(request, taps=False), work, model, platform, tools)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in program.sources.items():
            write_atomic(folder / path, text)
        memories = image.make(folder, program.recipe, tools).sizes.memories
    ram = request.board.memories_for("data")[0].name
    free = sum(use.size - use.used for use in memories if use.name == ram)
    return max(0, free - _FOR_TAPS - _FOR_TAPS_PER_LAYER * len(model.layers))


def _in_the_tree(
    request: BuildRequest, tree: Tree, folder: Path, recipe: Recipe, made: Image, report: Report
) -> Image:
    """The application linked with its operating system; sizes are then those of the whole image."""
    options = nuttx.NuttxOptions(apps.task_stack_bytes(made.sizes.stack), request.autostart)
    artifacts = {**made.artifacts, **nuttx.make(folder / apps.FOLDER, folder, tree, options, report)}
    return replace(made, artifacts=artifacts, sizes=image.measure_system(folder, recipe, made.sizes))


def _options(request: BuildRequest, work: Workload) -> CodegenOptions:
    return CodegenOptions(
        known_answer=(work.golden.x[0], work.golden.y[0]),
        optimize=request.optimize,
        isa=request.board.isa,
        header=_header(request, work),
    )


def _chosen(request: BuildRequest, work: Workload) -> Mapping[int, str] | None:
    """The kernels that a tuner chooses, or chose for the build that this one is like."""
    if request.tuner is None:
        return request.chosen
    graph, options = read_tflite(work.tflite, evaluate=evaluate), _options(request, work)
    return request.tuner(graph, options, request.board.cpu, lambda made: _fits(request, made))


def _generate(
    request: BuildRequest, work: Workload, chosen: Mapping[int, str] | None, ram_for_constants: int = 0
) -> GeneratedModel:
    options = replace(_options(request, work), chosen=chosen or {}, ram_for_constants=ram_for_constants)
    return generate(read_tflite(work.tflite, evaluate=evaluate), options)


def _fits(request: BuildRequest, model: GeneratedModel) -> bool:
    return fits.fits(request.board, fits.need_of(model), request.system)


def _header(request: BuildRequest, work: Workload) -> dict[str, str]:
    """What generated files say about where they come from."""
    return {
        "model_sha256": work.source_sha256,
        "model": work.name,
        "tool": f"emgdeploy {emgdeploy.__version__}",
        "options": f"--board {request.board.name} --optimize {request.optimize}"
        + (" --tune" if request.tuned else "")
        + (" --weights ram" if request.weights == "ram" else ""),
    }


def _live(request: BuildRequest, work: Workload, model: GeneratedModel) -> live.Recognition:
    order = live.device_order(work.window_shape, work.window_axes)
    header = _header(request, work)
    return live.recognition(work.preprocess, model.input, work.window_shape, order, header, work.labels)


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
            smallest = fits.need_of(_generate(replace(request, optimize="memory"), work, None))
            if fits.fits(board, smallest, request.system):
                error.ways.append(f"--optimize memory fits (an arena of {smallest.arena:,} bytes)")
        raise


def _program(
    request: BuildRequest, work: Workload, model: GeneratedModel, platform: Platform, tools: Compiler
) -> Program:
    """What is compiled, and the ID that tells it from any other."""
    sources = _sources(model) | {f"src/platform/{k}": v for k, v in render(platform, request.board).items()}
    recipe = _recipe(request, model, platform, sources)
    others = [work.tflite, tools.version.encode()]
    identity, taps_of = infos.build_id(sources, recipe.compile_flags, others), None
    if request.taps:
        sources |= _texts(sorted((_RUNTIME / "taps").glob("*.[ch]")))
        tapped = _recipe(request, model, platform, sources)
        recipe = replace(tapped, defines=(f"-DEMG_TAPS={len(model.layers)}u",))
        identity, taps_of = infos.build_id(sources, recipe.compile_flags, others), identity
    sources["src/build_info.h"] = infos.build_info(request.board, identity, work.labels, taps_of)
    return Program(recipe, sources, identity, taps_of)


def _sources(model: GeneratedModel) -> dict[str, str]:
    """Path in the build folder -> text, of the model, its kernels and the application."""
    kernels = [_RUNTIME / name for name in ("platform.h", *model.runtime_sources)]
    application = sorted((_RUNTIME / "app").glob("*.[ch]"))
    return {f"src/{name}": text for name, text in model.files.items()} | _texts([*kernels, *application])


def _texts(paths: Iterable[Path]) -> dict[str, str]:
    return {
        f"src/runtime/{path.relative_to(_RUNTIME).as_posix()}": path.read_text(encoding="utf-8")
        for path in paths
    }


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
