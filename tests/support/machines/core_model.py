"""Builds generated C for an emulated core and runs windows through it at the emulator's full speed."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen import GeneratedModel
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles.bare import link_objects, machine_alone, write_sources
from emgdeploy.emulate.cycles.image import read_image
from emgdeploy.emulate.cycles.profile import output_place
from emgdeploy.firmware import compiler
from emgdeploy.resources import FIRMWARE_TEMPLATES

BATCH = "emg_batch"
_BATCH = """#include "model.h"
void emg_batch(const emg_input_t *inputs, emg_output_t *outputs, uint32_t count);
void emg_batch(const emg_input_t *inputs, emg_output_t *outputs, uint32_t count) {
    for (; count > 0; count--, inputs += EMG_INPUT_LEN, outputs += EMG_OUTPUT_LEN) {
        emg_model_invoke(inputs, outputs);
    }
}
"""
# Windows and their outputs that are given to the core at once.
_BATCH_BYTES = 192 << 10


def run_on(core: str, model: GeneratedModel, x: NDArray[Any], folder: Path) -> NDArray[Any]:
    """The outputs (N, output elements) of device windows (N, ...) on a core of emgdeploy.cores."""
    elf = link(model, core, folder)
    batch = read_image(elf).function(BATCH)
    dtype, count = np.dtype(model.output.dtype), int(np.prod(model.output.shape))
    each = x[0].nbytes + count * dtype.itemsize
    at_once = max(1, _BATCH_BYTES // each)
    outputs = []
    with machine_alone(elf, CORES[core], at_once * each + output_place(1)) as machine:
        for first in range(0, len(x), at_once):
            windows = x[first : first + at_once]
            at, behind = machine.arguments, machine.arguments + output_place(windows.nbytes)
            machine.write(at, windows.tobytes())
            machine.run(batch, (at, behind, len(windows)))
            outputs.append(machine.read(behind, len(windows) * count * dtype.itemsize))
    return np.frombuffer(b"".join(outputs), dtype).reshape(len(x), count)


def link(model: GeneratedModel, core: str, folder: Path) -> Path:
    """The model's ELF file; kernels are compiled once for all models of this process."""
    write_sources(model, folder)
    (folder / "batch.c").write_text(_BATCH)
    flags = (*CORES[core].cflags, *compiler.LANGUAGE, *compiler.WARNINGS)
    objects = compiler.find(CORES[core]).compile(
        [Path("model.c"), Path("model_data.c"), Path("batch.c")], flags, folder
    )
    kernels = [_kernel(name, core) for name in model.runtime_sources if name.endswith(".c")]
    return link_objects([*objects, *kernels], CORES[core], folder, BATCH)


@functools.cache
def _kernel(name: str, core: str) -> Path:
    tools, target = compiler.find(CORES[core]), _objects() / f"{core}-{name.replace('/', '-')}.o"
    flags = (*CORES[core].cflags, *compiler.LANGUAGE, *compiler.WARNINGS)
    command = [tools.gcc, *flags, "-c", "-o", str(target), str(FIRMWARE_TEMPLATES / "runtime" / name)]
    tools.run(command, target.parent, f"compiling {name}")
    return target


@functools.cache
def _objects() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="emgdeploy-core-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
