"""Random networks of every operator on emulated cores: with and without DSP, with and without an FPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profiler
from emgdeploy.emulate.cycles.bare import link_alone
from emgdeploy.graph import read_tflite
from support.proof import known_answer, windows_of
from support.random_graphs import random_graph

TARGETS = ("cortex-m4f", "cortex-m0", "cortex-m3")


@pytest.mark.parametrize("seed", range(300, 330))
def test_outputs_equal_the_reference(seed: int, tmp_path: Path) -> None:
    core = TARGETS[seed % len(TARGETS)]
    tflite = random_graph(seed)
    reference = Reference(tflite, keep_tensors=False)
    x = np.concatenate([windows_of(reference, 1, kind, seed) for kind in ("random", "extreme", "smooth")])
    options = CodegenOptions(known_answer(tflite), isa=CORES[core].isa, keep_float_io=seed % 2 == 0)
    model = generate(read_tflite(tflite), options)
    given, wanted = model.input.quantize(x), model.output.quantize(reference.run(x))
    elf = link_alone(model, CORES[core], tmp_path)
    profiler = Profiler(elf, core, given[0].nbytes, wanted[0].nbytes)
    for window, answer in zip(given, wanted, strict=True):
        assert profiler.run(window.tobytes()).output == answer.tobytes()
