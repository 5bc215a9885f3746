"""A generated model linked alone, without platform and application: enough to profile its inference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emgdeploy.codegen import GeneratedModel
from emgdeploy.cores import Core
from emgdeploy.emulate.cycles.image import read_image
from emgdeploy.emulate.cycles.machine import Machine, Runner
from emgdeploy.emulate.cycles.profile import INVOKE, Profiler, output_place
from emgdeploy.emulate.cycles.qemu import MACHINES as QEMU_ONLY
from emgdeploy.emulate.cycles.qemu import QemuMachine
from emgdeploy.files import write_atomic
from emgdeploy.firmware import compiler
from emgdeploy.resources import FIRMWARE_TEMPLATES

_RUNTIME = FIRMWARE_TEMPLATES / "runtime"
# Code and constants below, data in the data region; any core has room for more than any model.
_SCRIPT = """ENTRY(emg_model_invoke)
MEMORY {
    code (rx) : ORIGIN = 0x00001000, LENGTH = 256M
    data (rwx) : ORIGIN = 0x20000000, LENGTH = 256M
}
SECTIONS {
    .text : { *(.text .text.*) } > code
    .rodata : ALIGN(8) { *(.rodata .rodata.*) } > code
    .ARM.exidx : { *(.ARM.exidx .ARM.exidx.*) } > code
    .data : ALIGN(8) { *(.data .data.*) } > data AT > code
    .bss (NOLOAD) : ALIGN(8) { *(.bss .bss.* COMMON) } > data
}
"""

# For a machine of QEMU, which begins at a vector table: the AN547's secure memories (Arm AN547, memory
# map), windows and outputs in the upper half of its data memory, the stack at the very top.
_AN547 = """ENTRY(emg_alone_reset)
MEMORY {
    vectors (rx) : ORIGIN = 0x00000000, LENGTH = 1K
    code (rx) : ORIGIN = 0x11000000, LENGTH = 2M
    constants (r) : ORIGIN = 0x31000000, LENGTH = 4M
    data (rwx) : ORIGIN = 0x30000000, LENGTH = 256K
}
SECTIONS {
    .vectors : { KEEP(*(.vectors)) } > vectors
    .text : { *(.text .text.*) } > code
    .ARM.exidx : { *(.ARM.exidx .ARM.exidx.*) } > code
    .rodata : ALIGN(8) { *(.rodata .rodata.*) } > constants
    .bss (NOLOAD) : ALIGN(8) { *(.data .data.* .bss .bss.* COMMON) } > data
    emg_alone_stack = 0x30080000;
}
"""
_AN547_START = """#include <stdint.h>
extern uint32_t emg_alone_stack[];
void emg_alone_ready(void);
void emg_alone_reset(void);
__attribute__((noinline)) void emg_alone_ready(void) {
    for (;;) {
        __asm volatile("nop");
    }
}
void emg_alone_reset(void) {
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: floating point and vectors on */
    __asm volatile("dsb\\n isb");
    emg_alone_ready();
}
typedef union {
    uint32_t *stack;
    void (*handler)(void);
} emg_alone_vector_t;
extern const emg_alone_vector_t emg_alone_vectors[2];
__attribute__((section(".vectors"), used)) const emg_alone_vector_t emg_alone_vectors[2] = {
    {.stack = emg_alone_stack}, {.handler = emg_alone_reset}};
"""
ALONE_READY = "emg_alone_ready"
AN547_ARGUMENTS = 0x30040000


def write_sources(model: GeneratedModel, folder: Path) -> list[Path]:
    """Write the model's files and the runtime; returns what is to be compiled, relative to `folder`."""
    sources = dict(model.files)
    for name in model.runtime_sources:
        sources[f"runtime/{name}"] = (_RUNTIME / name).read_text(encoding="utf-8")
    for name, text in sources.items():
        write_atomic(folder / name, text)
    return [Path(name) for name in sources if name.endswith(".c")]


def link_alone(
    model: GeneratedModel, core: Core, folder: Path, flags: tuple[str, ...] = compiler.LANGUAGE
) -> Path:
    """Write, compile and link a generated model in `folder`; returns the ELF file.

    Raises ToolMissingError, CompileError.
    """
    units = write_sources(model, folder)
    objects = compiler.find(core).compile(units, (*core.cflags, *flags, *compiler.WARNINGS), folder)
    return link_objects(objects, core, folder)


def link_objects(objects: Sequence[Path], core: Core, folder: Path, kept: str = INVOKE) -> Path:
    """As `link_alone`, with everything compiled already; what the function `kept` does not need is left out."""
    tools = compiler.find(core)
    write_atomic(folder / "alone.ld", _AN547 if core.name in QEMU_ONLY else _SCRIPT)
    if core.name in QEMU_ONLY:
        write_atomic(folder / "alone.c", _AN547_START)
        flags = (*core.cflags, *compiler.LANGUAGE, *compiler.WARNINGS)
        objects = [*objects, *tools.compile([Path("alone.c")], flags, folder)]
    elf = Path("model.elf")
    tools.link(objects, (*core.cflags, "-nostartfiles", f"-Wl,-u,{kept}", "-Wl,-T,alone.ld"), elf, folder)
    return folder / elf


@contextmanager
def machine_alone(elf: Path, core: Core, argument_bytes: int) -> Iterator[Runner]:
    """An emulated core with an image of `link_alone`: in Unicorn or else in QEMU."""
    image = read_image(elf)
    if core.name not in QEMU_ONLY:
        yield Machine(image, core.name, argument_bytes)
        return
    ready = image.function(ALONE_READY)
    with QemuMachine(elf, image, QEMU_ONLY[core.name], ready, AN547_ARGUMENTS) as machine:
        yield machine


@contextmanager
def profiler_alone(elf: Path, core: Core, input_bytes: int, output_bytes: int) -> Iterator[Profiler]:
    """A profiler for an image of `link_alone`."""
    if core.name not in QEMU_ONLY:
        yield Profiler(elf, core.name, input_bytes, output_bytes)
        return
    with machine_alone(elf, core, output_place(input_bytes) + output_bytes) as machine:
        yield Profiler(elf, core.name, input_bytes, output_bytes, machine=machine)
