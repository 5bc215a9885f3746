"""Fast kernels just inside every bound they rely on, where they are taken, and just outside, where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.reference import Reference
from emgdeploy.graph import read_tflite
from support.machines.core_model import run_on
from support.machines.proof import known_answer
from support.models.coverage import kernels_called
from support.models.edge_layers import EDGES, Edge, edge_layer

CORES = {
    "portable": ("cortex-m3", "cortex-m0plus", "cortex-m0"),
    "dsp": ("cortex-m4f", "cortex-m7f", "cortex-m33f"),
    "mve": ("cortex-m55",),
}


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("number", range(len(EDGES)), ids=[str(edge) for edge in EDGES])
def test_on_a_core(number: int, inside: bool, tmp_path: Path) -> None:
    edge = EDGES[number]
    cores = CORES[edge.isa]
    check(edge, inside, number, cores[(number + inside) % len(cores)], tmp_path)


def check(edge: Edge, inside: bool, seed: int, core: str, folder: Path) -> int:
    """Whether the kernel is taken, and all outputs; how many there were."""
    made = edge_layer(edge, inside, seed)
    options = CodegenOptions(known_answer(made.tflite), isa=edge.isa, optimize=edge.mode)
    model = generate(read_tflite(made.tflite), options)
    assert (edge.kernel in kernels_called(model)) == (inside or bool(edge.flag))
    assert not edge.flag or (edge.flag in model.files["model.c"]) == inside
    wanted = Reference(made.tflite, keep_tensors=False).run(made.x)
    assert np.array_equal(run_on(core, model, made.x, folder), wanted.reshape(len(made.x), -1))
    return int(wanted.size)
