"""When an answer is wrong: which layer differs first?

The C is generated anew from the build's .tflite and run on this machine with every layer's output
tapped, beside the reference interpreter. What lies in the build folder as C is not run: it may be
somebody else's.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import dequantize
from emgdeploy.cores import CORES
from emgdeploy.errors import EmgDeployError
from emgdeploy.firmware.manifest import Manifest
from emgdeploy.resources import FIRMWARE_TEMPLATES
from emgdeploy.text import printable

if TYPE_CHECKING:
    from emgdeploy.codegen import GeneratedModel

_PATIENCE_S = 120
_COMPILERS = ("gcc", "cc", "clang")
_MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "model.c"
void emg_model_tap(int step, const void *data, uint32_t bytes) {
    (void)step;
    if (fwrite(data, 1, bytes, stdout) != bytes) { exit(3); }
}
int main(void) {
    static emg_input_t in[EMG_INPUT_LEN];
    static emg_output_t out[EMG_OUTPUT_LEN];
    if (fread(in, sizeof in[0], EMG_INPUT_LEN, stdin) != EMG_INPUT_LEN) { return 2; }
    emg_model_invoke(in, out);
    return 0;
}
"""


@dataclass(frozen=True)
class Divergence:
    """layer: the first that differs here too, or None; note: what that means, as a sentence."""

    layer: str | None
    note: str


def first(folder: Path, manifest: Manifest, window: NDArray[Any]) -> Divergence:
    """window: (*device shape) of the input's dtype. Never raises: the bench has its verdict already."""
    compiler = next((name for name in _COMPILERS if shutil.which(name)), None)
    if compiler is None:
        return Divergence(None, "no compiler here to look for the layer (apt-get install gcc)")
    try:
        tflite = manifest.artifact(folder, "tflite").read_bytes()
        return _compare(tflite, manifest, window, compiler)
    except (EmgDeployError, OSError, subprocess.SubprocessError) as error:
        return Divergence(None, f"the layer could not be looked for: {printable(str(error))[:200]}")


def _compare(tflite: bytes, manifest: Manifest, window: NDArray[Any], compiler: str) -> Divergence:
    reference = Reference(tflite)
    given = window
    if reference.input.dtype != window.dtype:
        given = dequantize(window[None], manifest.input.scale, manifest.input.zero_point).reshape(
            window.shape
        )
    wanted = reference.tensors(given)
    model = _generate(tflite, manifest, given, wanted[reference.output.index][0])
    layers = [f"{layer.index} {layer.op} {layer.name}" for layer in model.layers]
    if layers != [f"{layer.index} {layer.op} {layer.name}" for layer in manifest.layers]:
        return Divergence(
            None, "this version of emgdeploy generates other layers than the one that made the build"
        )
    outputs = _run(model, window, compiler)
    for layer, data, origin in zip(model.layers, outputs, model.origins, strict=True):
        if data != np.ascontiguousarray(origin.of(wanted[origin.tensor])).tobytes():
            return Divergence(printable(layer.name), f"the generated C differs there too ({layer.op})")
    return Divergence(
        None, "the same C is right on this machine: suspect the device's compiler, memory or firmware"
    )


def _generate(
    tflite: bytes, manifest: Manifest, window: NDArray[Any], answer: NDArray[Any]
) -> GeneratedModel:
    from emgdeploy.codegen import CodegenOptions, generate
    from emgdeploy.graph import read_tflite

    options = CodegenOptions((window, answer), optimize=manifest.optimize, isa=CORES[manifest.core].isa)
    return generate(read_tflite(tflite), options)


def _run(model: GeneratedModel, window: NDArray[Any], compiler: str) -> list[bytes]:
    """Each layer's output in call order."""
    with tempfile.TemporaryDirectory(prefix="emgdeploy-") as place:
        folder = Path(place)
        for name, text in {**model.files, "main.c": _MAIN}.items():
            (folder / name).write_text(text, encoding="utf-8")
        for name in model.runtime_sources:
            (folder / "runtime" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FIRMWARE_TEMPLATES / "runtime" / name, folder / "runtime" / name)
        units = ["main.c", *(f"runtime/{name}" for name in model.runtime_sources if name.endswith(".c"))]
        command = [compiler, "-std=c99", "-O1", "-w", "-DEMG_TAPS", "-I.", "-o", "model", *units]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_PATIENCE_S)
        little = np.ascontiguousarray(window, window.dtype.newbyteorder("<")).tobytes()
        done = subprocess.run(
            [folder / "model"], input=little, capture_output=True, check=True, timeout=_PATIENCE_S
        )
    edges = list(itertools.accumulate((layer.out_bytes for layer in model.layers), initial=0))
    return [done.stdout[begin:end] for begin, end in itertools.pairwise(edges)]
