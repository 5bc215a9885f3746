"""The kernels for Helium: their portable twins natively, their assembly on an emulated Cortex-M55."""

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.graph import read_tflite
from support.machines.core_model import run_on
from support.machines.proof import known_answer, prove, windows_of
from support.models.kernel_graphs import layer

KINDS = {"pointwise": 5, "conv": 7, "depthwise": 8, "time": 8, "window": 12, "dense": 6, "add": 6}
CASES = [(kind, seed) for kind, count in KINDS.items() for seed in range(count)]
CORE = CORES["cortex-m55"]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_portable_twin_equals_the_reference(kind: str, seed: int, tmp_path: Path) -> None:
    assert prove(layer(kind, seed), tmp_path, isa=CORE.isa).windows == 8


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_assembly_equals_the_reference(kind: str, seed: int, tmp_path: Path) -> None:
    tflite = layer(kind, seed)
    reference = Reference(tflite, keep_tensors=False)
    x = np.concatenate([windows_of(reference, 2, k) for k in ("random", "extreme", "smooth")])
    model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite), isa=CORE.isa))
    got = run_on(CORE.name, model, x, tmp_path)
    assert np.array_equal(got, reference.run(x).reshape(got.shape))


def test_the_cases_reach_the_fast_kernels_and_the_general_ones() -> None:
    fast: set[str] = set()
    general: set[str] = set()
    for kind, seed in CASES:
        tflite = layer(kind, seed)
        model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite), isa=CORE.isa))
        reached = any("/mve/" in name for name in model.runtime_sources)
        (fast if reached else general).add(kind)
    assert fast == set(KINDS)
    assert general
