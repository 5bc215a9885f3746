"""The kernels for the DSP extension: their portable twins natively, their assembly on emulated cores."""

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from support.machines.core_model import run_on
from support.machines.proof import known_answer, prove, windows_of
from support.models.coverage import kernels_called
from support.models.kernel_graphs import layer

KINDS = {
    "pointwise": 15,
    "conv": 21,
    "colour": 6,
    "depthwise": 33,
    "time": 20,
    "winograd": 12,
    "window": 24,
    "dense": 12,
}
CASES = [(kind, seed) for kind, count in KINDS.items() for seed in range(count)]
CORES = ("cortex-m4f", "cortex-m7f", "cortex-m33f")
FAST = {
    "conv_dsp_s8", "conv_rgb_dsp_s8", "conv_winograd_s8", "depthwise_any_dsp_s8", "depthwise_dsp_s8", "depthwise_fast_s8",
    "fully_connected_dsp_s8",
}  # fmt: skip


def mode(kind: str, seed: int) -> str:
    """Two in three cases with the fastest kernels, one with the smaller ones; all that needs more memory for more."""
    return "speed" if kind == "winograd" else "memory" if seed % 3 == 2 else "balanced"


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_portable_twin_equals_the_reference(kind: str, seed: int, tmp_path: Path) -> None:
    assert prove(layer(kind, seed), tmp_path, isa="dsp", optimize=mode(kind, seed)).windows == 8


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_assembly_equals_the_reference(kind: str, seed: int, tmp_path: Path) -> None:
    tflite = layer(kind, seed)
    reference = Reference(tflite, keep_tensors=False)
    x = np.concatenate([windows_of(reference, 2, k) for k in ("random", "extreme", "smooth")])
    model = generate(
        read_tflite(tflite), CodegenOptions(known_answer(tflite), isa="dsp", optimize=mode(kind, seed))
    )
    got = run_on(CORES[seed // 3 % len(CORES)], model, x, tmp_path)
    assert np.array_equal(got, reference.run(x).reshape(got.shape))


def test_the_cases_reach_every_fast_kernel_and_the_general_ones() -> None:
    called: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind, seed in CASES:
        tflite = layer(kind, seed)
        options = CodegenOptions(known_answer(tflite), isa="dsp", optimize=mode(kind, seed))
        called[kind] |= set(kernels_called(generate(read_tflite(tflite), options)))
    assert set().union(*called.values()) >= FAST
    for kind in ("pointwise", "conv", "window", "dense"):
        assert called[kind] - FAST and called[kind] & FAST
