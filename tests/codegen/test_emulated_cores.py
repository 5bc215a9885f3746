"""Random networks of every operator, and every portable kernel, on emulated cores of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, GeneratedModel, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.graph import read_tflite
from support.machines.core_model import run_on
from support.machines.proof import known_answer, windows_of
from support.models.coverage import kernels_called
from support.models.kernel_cases import KERNELS, network
from support.random_models.random_graphs import random_graph

TARGETS = ("cortex-m4f", "cortex-m0", "cortex-m3", "cortex-m7f", "cortex-m33f")
OTHERS = ("cortex-m3", "cortex-m4f", "cortex-m7f", "cortex-m33f")


@pytest.mark.parametrize("seed", range(300, 330))
def test_outputs_equal_the_reference(seed: int, tmp_path: Path) -> None:
    core = TARGETS[seed % len(TARGETS)]
    tflite = random_graph(seed)
    reference = Reference(tflite, keep_tensors=False)
    x = np.concatenate([windows_of(reference, 1, kind, seed) for kind in ("random", "extreme", "smooth")])
    options = CodegenOptions(known_answer(tflite), isa=CORES[core].isa, keep_float_io=seed % 2 == 0)
    model = generate(read_tflite(tflite), options)
    given, wanted = model.input.quantize(x), model.output.quantize(reference.run(x))
    assert run_on(core, model, given, tmp_path).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_portable_kernel(kernel: str, tmp_path: Path) -> None:
    """Once where 64 bits, divisions and floats are subroutines, once on another core."""
    seed = next(seed for seed in range(50) if kernel in kernels_called(_portable(network(kernel, seed))))
    tflite = network(kernel, seed)
    reference, model = Reference(tflite, keep_tensors=False), _portable(tflite)
    x = np.concatenate([windows_of(reference, 2, kind, seed) for kind in ("random", "extreme", "smooth")])
    given, wanted = model.input.quantize(x), model.output.quantize(reference.run(x))
    for core in ("cortex-m0", OTHERS[list(KERNELS).index(kernel) % len(OTHERS)]):
        assert run_on(core, model, given, tmp_path / core).tobytes() == wanted.tobytes()


def _portable(tflite: bytes) -> GeneratedModel:
    return generate(
        read_tflite(tflite), CodegenOptions(known_answer(tflite), optimize="speed", keep_float_io=True)
    )
