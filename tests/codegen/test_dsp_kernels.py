"""The kernels for the DSP extension: their portable twins natively, their assembly on an emulated core."""

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profiler
from emgdeploy.emulate.cycles.bare import link_alone
from emgdeploy.graph import read_tflite
from support.kernel_graphs import layer
from support.proof import known_answer, prove, windows_of

KINDS = {"pointwise": 14, "conv": 18, "depthwise": 24, "dense": 12}
CASES = [(kind, seed) for kind, count in KINDS.items() for seed in range(count)]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_portable_twin_equals_the_reference(kind: str, seed: int, tmp_path: Path) -> None:
    assert prove(layer(kind, seed), tmp_path, isa="dsp").windows == 8


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_assembly_equals_the_reference(kind: str, seed: int, tmp_path: Path) -> None:
    tflite = layer(kind, seed)
    reference = Reference(tflite, keep_tensors=False)
    x = np.concatenate([windows_of(reference, 2, k) for k in ("random", "extreme", "smooth")])
    model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite), isa="dsp"))
    elf = link_alone(model, CORES["cortex-m4f"], tmp_path)
    wanted = reference.run(x)
    profiler = Profiler(elf, "cortex-m4f", x[0].nbytes, wanted[0].nbytes)
    got = [profiler.run(window.tobytes()).output for window in x]
    assert got == [answer.tobytes() for answer in wanted]


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_cases_reach_the_fast_kernel_and_the_general_one(kind: str) -> None:
    sources = set()
    for seed in range(KINDS[kind]):
        tflite = layer(kind, seed)
        model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite), isa="dsp"))
        sources |= {any("/dsp/" in name for name in model.runtime_sources)}
    assert sources == {True, False}
