"""From rendered sources to an image: compile, find the stack, link, measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from emgdeploy.binary import mapfile
from emgdeploy.binary.pointers import addresses_taken
from emgdeploy.binary.sections import sections, totals
from emgdeploy.binary.stack import StackNeed, need, read_call_graphs
from emgdeploy.boards import Board
from emgdeploy.files import write_atomic
from emgdeploy.firmware import compiler, memory_use
from emgdeploy.firmware import memory_budget as fits
from emgdeploy.firmware.compiler import CompileError, Compiler
from emgdeploy.firmware.memory_budget import Need
from emgdeploy.firmware.memory_use import Sizes
from emgdeploy.firmware.platform import (
    BARE_METAL,
    OBJECTS,
    RESET_HANDLER,
    SAMPLING_HANDLER,
    UART_HANDLER,
    Platform,
    render_linker_script,
)

LINKER_SCRIPT = "src/platform/linker.ld"
# Where no bound can be proven (recursion), generous for what the firmware does.
UNPROVEN_STACK = 8192
# Registers a core with an FPU pushes for an interrupt (ARMv7-M ARM, B1.5.7), and alignment.
_EXCEPTION_FRAME = 112


@dataclass(frozen=True)
class Recipe:
    """What is built: C files relative to the build folder, for which board, with which flags.

    model: src/model.c, its data and its kernels; firmware: all else. need: what the model takes.
    extra_flags go to compiler and linker alike (sanitizers), defines to the compiler.
    """

    board: Board
    platform: Platform
    model: tuple[Path, ...]
    firmware: tuple[Path, ...]
    need: Need
    extra_flags: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[Path, ...]:
        """All C files, in the order in which they are linked."""
        return self.model + self.firmware

    @property
    def compile_flags(self) -> tuple[str, ...]:
        """All flags of one compilation, the same on every machine."""
        language = compiler.LANGUAGE if self.platform.flags is None else self.platform.flags
        own = (*self.extra_flags, *self.defines)
        return (*self.board.cflags, *language, *compiler.WARNINGS, compiler.CALL_GRAPH, *own)


@dataclass(frozen=True)
class Image:
    """Artefact name -> path relative to the build folder, and what it all takes."""

    artifacts: dict[str, str]
    sizes: Sizes
    stack: StackNeed


def make(folder: Path, recipe: Recipe, tools: Compiler) -> Image:
    """Compile and link the sources that lie in `folder`.

    Raises CompileError, and DoesNotFitError naming the memory and the bytes missing. Objects and other
    intermediate files are gone afterwards.
    """
    objects = tools.compile(recipe.sources, recipe.compile_flags, folder, recipe.platform.standin)
    try:
        stack = _stack(folder, objects, recipe.platform)
        artifacts = _link(folder, recipe, tools, objects, stack)
        whole = artifacts.get("elf") or artifacts["object"]
        return Image(artifacts, _measure(folder, recipe, whole, stack), stack)
    finally:
        for path in objects:
            for suffix in (".o", ".ci"):
                (folder / path).with_suffix(suffix).unlink(missing_ok=True)


def stack_bytes(stack: StackNeed) -> int:
    """What is reserved for a stack need: the bound, rounded up to the 8 bytes the ABI wants."""
    return UNPROVEN_STACK if stack.bytes is None else (stack.bytes + 7) // 8 * 8


def _stack(folder: Path, objects: list[Path], platform: Platform) -> StackNeed:
    texts = ((folder / path).with_suffix(".ci").read_text() for path in objects)
    taken = [name for path in objects for name in addresses_taken(folder / path)]
    graph = read_call_graphs(texts, taken)
    if platform.image == BARE_METAL:
        handlers = [UART_HANDLER, *({SAMPLING_HANDLER} & graph.frames.keys())]
        return need(graph, RESET_HANDLER, handlers, _EXCEPTION_FRAME)
    return need(graph, "main")


def _link(
    folder: Path, recipe: Recipe, tools: Compiler, objects: list[Path], stack: StackNeed
) -> dict[str, str]:
    """Artefacts by name."""
    if recipe.platform.image == OBJECTS:
        # Another build system links it; until then all objects in one, without unused functions.
        gathered = [*recipe.board.cflags, "-r", "-nostdlib", "-Wl,-e,main", "-Wl,-u,main"]
        tools.link(objects, gathered, Path("firmware.o"), folder)
        return {"object": "firmware.o", "map": "firmware.map"}
    options = [*recipe.board.cflags, *recipe.extra_flags]
    if recipe.platform.image == BARE_METAL:
        script = render_linker_script(recipe.platform, recipe.board, stack_bytes(stack))
        write_atomic(folder / LINKER_SCRIPT, script)
        options += ["-nostartfiles", f"-Wl,-T,{LINKER_SCRIPT}"]
    try:
        tools.link(objects, options, Path("firmware.elf"), folder)
    except CompileError as error:
        raise memory_use.overflow(recipe.board, error.output, recipe.need) or error from error
    artifacts = {"elf": "firmware.elf", "map": "firmware.map"}
    # Where code and constants live apart, one raw image of both would be mostly the gap between them.
    together = recipe.board.memories_for("code")[0] == recipe.board.memories_for("constants")[0]
    if recipe.platform.image == BARE_METAL and together:
        tools.raw_image(Path("firmware.elf"), Path("firmware.bin"), folder)
        artifacts["bin"] = "firmware.bin"
    return artifacts


def measure_system(folder: Path, recipe: Recipe, application: Sizes) -> Sizes:
    """Sizes of `folder`/firmware.elf when an operating system was linked around the application.

    Raises DoesNotFitError.
    """
    board = recipe.board
    found = sections(folder / "firmware.elf")
    total = totals(found)
    memories = fits.with_more_data(board, memory_use.memory_use(board, found), application.stack)
    fits.check(board, memories, recipe.need)
    stored = total.text + total.rodata + total.data
    in_ram = board.memories_for("code")[0] == board.memories_for("data")[0]
    ram = total.data + total.bss + (total.text + total.rodata if in_ram else 0)
    return replace(application, flash=stored, ram=ram + application.stack, memories=memories)


def _measure(folder: Path, recipe: Recipe, image: str, stack: StackNeed) -> Sizes:
    board, reserved = recipe.board, stack_bytes(stack)
    found = sections(folder / image)
    total = totals(found)
    if recipe.platform.image == BARE_METAL:
        memories = memory_use.memory_use(board, found)
    else:
        memories = memory_use.pooled_use(board, total, reserved)
    fits.check(board, memories, recipe.need)
    kept = mapfile.contributions((folder / "firmware.map").read_text())
    model = mapfile.by_kind(kept, {str(path.with_suffix(".o")) for path in recipe.model})
    runs_from_ram = board.memories_for("code")[0] == board.memories_for("data")[0]
    return Sizes(
        code=model["text"] + model["rodata"] - (recipe.need.constants - recipe.need.copied),
        flash=total.text + total.rodata + total.data,
        ram=total.data + total.bss + reserved + (total.text + total.rodata if runs_from_ram else 0),
        stack=reserved,
        memories=memories,
    )
