"""The profiler's instruction count against an independent one: QEMU's -icount and a board's timer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profiler
from emgdeploy.graph import read_tflite
from support.machines.icount import MACHINES, build, count
from support.models.tiny import tiny_tflite
from support.random_models.random_graphs import random_graph


@pytest.mark.parametrize("core", MACHINES)
@pytest.mark.parametrize("seed", [None, 3, 8])
def test_counts_like_qemu_within_one_tick(core: str, seed: int | None, tmp_path: Path) -> None:
    data = tiny_tflite() if seed is None else random_graph(seed, dtype="int8", float_io=0.0)
    reference = Reference(data)
    rng = np.random.default_rng(1)
    window = rng.integers(-128, 128, reference.input.shape[1:], np.int8)
    y = reference.run(window[np.newaxis])
    model = generate(read_tflite(data), CodegenOptions(known_answer=(window, y[0]), isa=CORES[core].isa))
    image = build(model, window, core, tmp_path, times=37)
    profile = Profiler(image, core, window.nbytes, y.nbytes).run(window.tobytes())
    counted = count(image, core, times=37)
    assert profile.output == y.tobytes() == counted.output.tobytes()
    assert counted.agrees(profile.total.instructions), (counted, profile.total)
