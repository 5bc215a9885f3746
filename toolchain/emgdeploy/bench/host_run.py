"""The layers of a build's C on this machine: generated anew, because what lies in the folder may be somebody else's."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.errors import ToolMissingError
from emgdeploy.resources import FIRMWARE_TEMPLATES

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


def outputs(model: GeneratedModel, window: bytes) -> list[bytes]:
    """Each layer's output in call order.

    Raises ToolMissingError without a compiler, OSError or SubprocessError where it does not work.
    """
    compiler = next((name for name in _COMPILERS if shutil.which(name)), None)
    if compiler is None:
        raise ToolMissingError("no compiler here to look for the layer", "apt-get install gcc")
    with tempfile.TemporaryDirectory(prefix="emgdeploy-") as place:
        folder = Path(place)
        for name, text in {**model.files, "main.c": _MAIN}.items():
            (folder / name).write_text(text, encoding="utf-8")
        for name in model.runtime_sources:
            (folder / "runtime" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FIRMWARE_TEMPLATES / "runtime" / name, folder / "runtime" / name)
        units = [
            "main.c",
            "model_data.c",
            *(f"runtime/{name}" for name in model.runtime_sources if name.endswith(".c")),
        ]
        command = [compiler, "-std=c99", "-O1", "-w", "-DEMG_TAPS", "-I.", "-o", "model", *units]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_PATIENCE_S)
        done = subprocess.run(
            [folder / "model"], input=window, capture_output=True, check=True, timeout=_PATIENCE_S
        )
    edges = list(itertools.accumulate((layer.out_bytes for layer in model.layers), initial=0))
    return [done.stdout[begin:end] for begin, end in itertools.pairwise(edges)]
