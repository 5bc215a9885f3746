"""One build under way: the request, the model opened and parsed once, and what is compiled of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import emgdeploy
from emgdeploy import resources
from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate, naming
from emgdeploy.convert.golden import Golden
from emgdeploy.deploy import sensing
from emgdeploy.deploy.request import BuildRequest, LiveRequest
from emgdeploy.deploy.sensing import Sensing
from emgdeploy.deploy.workload import Workload
from emgdeploy.files import write_atomic
from emgdeploy.firmware import compiler, image, live, memory_budget
from emgdeploy.firmware import info as infos
from emgdeploy.firmware.compiler import Compiler
from emgdeploy.firmware.image import Recipe
from emgdeploy.firmware.memory_budget import TooLarge
from emgdeploy.firmware.platform import Platform, render
from emgdeploy.signals.decisions import Confidence, Rules

# What a build with taps takes of the RAM beside the same one without (runtime/taps), and some stack more.
_FOR_TAPS, _FOR_TAPS_PER_LAYER = 1024, 8

_RUNTIME = resources.FIRMWARE_TEMPLATES / "runtime"


@dataclass(frozen=True)
class Program:
    """What is compiled: path in the build folder -> text, and how. identity: the firmware_build_id."""

    recipe: Recipe
    sources: dict[str, str]
    identity: str
    taps_of: str | None


@dataclass(frozen=True)
class Job:
    """work: the int8 model, parsed, with the windows that prove it."""

    request: BuildRequest
    platform: Platform
    work: Workload

    @cached_property
    def tools(self) -> Compiler:
        """The compiler for the board, looked for when it is needed: a plan needs none."""
        return compiler.find(self.request.board.cpu)

    def options(self) -> CodegenOptions:
        """What the compiler of models is asked for, but for the choice of kernels."""
        golden = self.work.golden
        return CodegenOptions(
            known_answer=(golden.x[0], golden.y[0]),
            optimize=self.request.optimize,
            isa=self.request.board.isa,
            header=self.header(),
            adapt_head=self.request.adapt == "head",
            labels=self.work.labels or (),
            name=self.request.name,
        )

    def header(self) -> dict[str, str]:
        """What generated files say about where they come from."""
        request = self.request
        return {
            "model_sha256": self.work.source_sha256,
            "model": self.work.name,
            "tool": f"emgdeploy {emgdeploy.__version__}",
            "options": f"--board {request.board.name} --optimize {request.optimize}"
            + (" --tune" if request.tuned else "")
            + (" --weights ram" if request.weights == "ram" else "")
            + (f" --adapt {request.adapt}" if request.adapt != "none" else "")
            + (f" --name {request.name}" if request.name != naming.USUAL else ""),
        }

    def choice(self) -> Mapping[int, str] | None:
        """The kernels that a tuner chooses, or chose for the build that this one is like."""
        request = self.request
        if request.tuner is None:
            return request.chosen
        return request.tuner(self.work.graph, self.options(), request.board.cpu, self._fits)

    def generate(self, chosen: Mapping[int, str] | None, ram_for_constants: int = 0) -> GeneratedModel:
        """The model as C."""
        options = replace(self.options(), chosen=chosen or {}, ram_for_constants=ram_for_constants)
        return generate(self.work.graph, options)

    def _fits(self, model: GeneratedModel) -> bool:
        return memory_budget.fits(self.request.board, memory_budget.need_of(model), self.request.system)

    def check_plan(self, model: GeneratedModel) -> None:
        """Raises TooLarge, which says so where --optimize memory would be enough."""
        board, system, need = self.request.board, self.request.system, memory_budget.need_of(model)
        try:
            memory_budget.check(board, memory_budget.least_use(board, need, system), need, system)
        except TooLarge as error:
            if self.request.optimize != "memory":
                smaller = replace(self, request=replace(self.request, optimize="memory"))
                smallest = memory_budget.need_of(smaller.generate(None))
                if memory_budget.fits(board, smallest, system):
                    error.ways.append(f"--optimize memory fits (an arena of {smallest.arena:,} bytes)")
            raise

    def free_ram(self, model: GeneratedModel) -> int:
        """What constants may take of the RAM: all that the same image without them there leaves free.

        Without taps in any case, and with room for them, so that a build with them has the same C.
        """
        program = replace(self, request=replace(self.request, taps=False)).program(model)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for path, text in program.sources.items():
                write_atomic(folder / path, text)
            memories = image.make(folder, program.recipe, self.tools).sizes.memories
        ram = self.request.board.memories_for("data")[0].name
        free = sum(use.size - use.used for use in memories if use.name == ram)
        return max(0, free - _FOR_TAPS - _FOR_TAPS_PER_LAYER * len(model.layers))

    def recognition(self, model: GeneratedModel) -> live.Recognition:
        """From samples to the model's input, in C."""
        work = self.work
        order = live.device_order(work.window_shape, work.window_axes)
        output = model.output
        softmax = bool(model.layers) and model.layers[-1].op == "SOFTMAX"
        confidence = Confidence.of(output.dtype, output.scale, output.zero_point, softmax)
        rules = Rules.from_dict(work.decisions or {}, "decisions")
        decisions = live.Decisions(rules, confidence, work.labels)
        return live.recognition(
            work.preprocess, model.input, work.window_shape, order, self.header(), decisions
        )

    def sensing(self, model: GeneratedModel) -> Sensing:
        """What live recognition adds to the firmware."""
        room = self.platform.sampling.get("ring_samples", 0)
        return sensing.sensing(self.request.live or LiveRequest(), self.work, self.recognition(model), room)

    def golden(self, model: GeneratedModel) -> Golden:
        """A model with float input and output keeps those operators on the host; the device sees integers."""
        golden = self.work.golden
        return replace(golden, x=model.input.quantize(golden.x), y=model.output.quantize(golden.y))

    def program(self, model: GeneratedModel) -> Program:
        """What is compiled, and the ID that tells it from any other."""
        board = self.request.board
        live = self.request.live is not None
        platform = {f"src/platform/{k}": v for k, v in render(self.platform, board, live).items()}
        sources = _sources(model) | platform
        recipe = self._recipe(model, sources)
        if self.request.live is not None:
            sources |= self.sensing(model).sources
            recipe = replace(self._recipe(model, sources), defines=self.sensing(model).defines)
        others = [self.work.tflite, self.tools.version.encode()]
        identity, taps_of = infos.build_id(sources, recipe.compile_flags, others), None
        if self.request.taps:
            sources |= _texts(sorted((_RUNTIME / "taps").glob("*.[ch]")))
            tapped = self._recipe(model, sources)
            recipe = replace(tapped, defines=(*recipe.defines, f"-DEMG_TAPS={len(model.layers)}u"))
            identity, taps_of = infos.build_id(sources, recipe.compile_flags, others), identity
        sources["src/build_info.h"] = infos.build_info(board, identity, taps_of)
        return Program(recipe, sources, identity, taps_of)

    def _recipe(self, model: GeneratedModel, sources: dict[str, str]) -> Recipe:
        compiled = sorted(name for name in sources if name.endswith(".c"))
        kernels = {f"src/runtime/{name}" for name in model.runtime_sources}
        own = [name for name in compiled if name in kernels or name.removeprefix("src/") in model.files]
        return Recipe(
            board=self.request.board,
            platform=self.platform,
            model=tuple(map(Path, own)),
            firmware=tuple(Path(name) for name in compiled if name not in own),
            need=memory_budget.need_of(model),
            extra_flags=self.request.extra_flags,
        )


def _sources(model: GeneratedModel) -> dict[str, str]:
    """Path in the build folder -> text, of the model, its kernels and the application."""
    kernels = [_RUNTIME / name for name in ("platform.h", *model.runtime_sources)]
    application = sorted((_RUNTIME / "app").glob("*.[ch]"))
    if model.parameters:
        application += sorted((_RUNTIME / "params").glob("*.[ch]"))
    return {f"src/{name}": text for name, text in model.files.items()} | _texts([*kernels, *application])


def _texts(paths: Iterable[Path]) -> dict[str, str]:
    return {
        f"src/runtime/{path.relative_to(_RUNTIME).as_posix()}": path.read_text(encoding="utf-8")
        for path in paths
    }
