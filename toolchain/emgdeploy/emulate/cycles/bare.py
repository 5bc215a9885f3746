"""A generated model linked alone, without platform and application: enough to profile its inference."""

from __future__ import annotations

from pathlib import Path

from emgdeploy.codegen import GeneratedModel
from emgdeploy.cores import Core
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


def write_sources(model: GeneratedModel, folder: Path) -> list[Path]:
    """Write model.c, model.h and the runtime; returns what is to be compiled, relative to `folder`."""
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
    tools = compiler.find(core)
    units = write_sources(model, folder)
    write_atomic(folder / "alone.ld", _SCRIPT)
    objects = tools.compile(units, (*core.cflags, *flags, *compiler.WARNINGS), folder)
    elf = Path("model.elf")
    tools.link(objects, (*core.cflags, "-nostartfiles", "-Wl,-T,alone.ld"), elf, folder)
    return folder / elf
