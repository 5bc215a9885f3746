"""Builds generated C as a host program and runs windows through it, with every step's output."""

from __future__ import annotations

import atexit
import functools
import itertools
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.codegen import GeneratedModel
from emgdeploy.resources import FIRMWARE_TEMPLATES

STRICT = ("-std=c99", "-pedantic", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wconversion")
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# gold links a program with sanitizers in a quarter of the time that ld takes.
QUICK_LINK = ("-fuse-ld=gold",) if shutil.which("ld.gold") else ()

_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "model.c"
void emg_model_tap(int step, const void *data, uint32_t bytes) {
    (void)step;
    if (fwrite(data, 1, bytes, stdout) != bytes) { _Exit(3); }
}
int main(void) {
    static emg_input_t in[EMG_INPUT_LEN];
    static emg_output_t out[EMG_OUTPUT_LEN];
    const int selftest = emg_model_selftest();
    while (fread(in, sizeof in[0], EMG_INPUT_LEN, stdin) == EMG_INPUT_LEN) {
        emg_model_invoke(in, out);
        if (fwrite(out, sizeof out[0], EMG_OUTPUT_LEN, stdout) != EMG_OUTPUT_LEN) { return 3; }
    }
    return selftest ? 4 : 0;
}
"""


@dataclass(frozen=True)
class NativeRun:
    """`outputs` (N, output elements) and, per step, `steps` (N, step elements), flattened."""

    outputs: NDArray[Any]
    steps: list[NDArray[Any]]
    selftest_passed: bool


class NativeModel:
    """A generated model compiled with the host's compiler, warnings as errors, sanitizers on."""

    def __init__(
        self,
        generated: GeneratedModel,
        folder: Path,
        compiler: str = "gcc",
        flags: tuple[str, ...] = SANITIZE,
    ) -> None:
        self.generated = generated
        source = write_sources(generated, folder)
        (folder / "main.c").write_text(_MAIN)
        self.program = folder / "model"
        units = [f for f in source if f.startswith("runtime/") and f.endswith(".c")]
        kernels = [kernel_object(f, compiler, flags) for f in units]
        command = [
            compiler,
            *STRICT,
            *flags,
            *QUICK_LINK,
            "-DEMG_TAPS",
            "-I.",
            "-o",
            "model",
            "main.c",
            "model_data.c",
            *kernels,
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[:4000]

    def run(self, x: NDArray[Any], step_bytes: list[int] | None = None) -> NativeRun:
        """Run windows (N, *input shape). The self-test runs first; its taps are dropped."""
        done = subprocess.run([self.program], input=np.ascontiguousarray(x).tobytes(), capture_output=True)
        assert done.returncode in (0, 4), (done.returncode, done.stderr.decode()[:4000])
        out = np.dtype(self.generated.output.dtype)
        sizes = [layer.out_bytes for layer in self.generated.layers]
        taps = sum(sizes)
        final = int(np.prod(self.generated.output.shape)) * out.itemsize
        raw = np.frombuffer(done.stdout, np.uint8)[taps:].reshape(len(x), taps + final)
        edges = np.cumsum([0, *sizes])
        steps = [np.ascontiguousarray(raw[:, a:b]) for a, b in itertools.pairwise(edges)]
        outputs = np.ascontiguousarray(raw[:, taps:]).view(out)
        return NativeRun(outputs, steps, selftest_passed=done.returncode == 0)


@functools.cache
def _object_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="emgdeploy-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def kernel_object(name: str, compiler: str, flags: tuple[str, ...]) -> str:
    """A kernel compiled once for all models of this process."""
    target = _object_folder() / f"{len(list(_object_folder().iterdir()))}.o"
    command = [compiler, *STRICT, *flags, "-c", "-o", str(target), str(FIRMWARE_TEMPLATES / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    return str(target)


def write_sources(generated: GeneratedModel, folder: Path) -> list[str]:
    """The model's files and the runtime files below `folder`; returns their relative paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in generated.files.items():
        (folder / name).write_text(text)
    for name in generated.runtime_sources:
        target = folder / "runtime" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FIRMWARE_TEMPLATES / "runtime" / name, target)
    return [*generated.files, *(f"runtime/{name}" for name in generated.runtime_sources)]
