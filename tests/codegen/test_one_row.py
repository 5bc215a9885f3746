"""Images one pixel wide are walked over as one row, with the same bits under the shadow and on a core without SIMD."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from support.machines.core_model import run_on
from support.machines.proof import known_answer, windows_of
from support.machines.shadow_arena import MODES, prove_plan
from support.models.kernel_graphs import layer

LYING = ".out_h = 1,"


@pytest.mark.parametrize("seed", range(18))
def test_plans_are_sound(seed: int, tmp_path: Path) -> None:
    assert prove_plan(layer("time", seed), tmp_path, **MODES[seed % len(MODES)]).windows == 1


@pytest.mark.parametrize(("seed", "core"), [(0, "cortex-m3"), (1, "cortex-m0plus"), (2, "cortex-m3")])
def test_outputs_equal_the_reference(seed: int, core: str, tmp_path: Path) -> None:
    tflite = layer("time", seed)
    reference = Reference(tflite, keep_tensors=False)
    x = np.concatenate([windows_of(reference, 2, kind) for kind in ("random", "extreme")])
    model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite)))
    assert LYING in model.files["model.c"]
    assert np.array_equal(run_on(core, model, x, tmp_path), reference.run(x).reshape(len(x), -1))
