"""Generated C and every kernel: clean under gcc and clang, as C99 and as C++17."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.graph import read_tflite
from emgdeploy.resources import FIRMWARE_TEMPLATES
from support.machines.compilers import COMPILERS, compiles_clean
from support.machines.native_model import write_sources
from support.machines.proof import known_answer
from support.random_models.random_graphs import random_graph

SEEDS = range(14)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of generated networks for every instruction set and mode, half of them with float ends, the others with
    constants in RAM."""
    folders = []
    for seed in SEEDS:
        tflite = random_graph(seed)
        chosen = CodegenOptions(
            known_answer(tflite),
            keep_float_io=seed % 2 == 0,
            isa=("portable", "dsp", "mve")[seed % 3],
            optimize=("speed", "balanced", "memory")[seed // 3 % 3],
            ram_for_constants=1000 * (seed % 2),
        )
        folder = tmp_path_factory.mktemp(f"model{seed}")
        write_sources(generate(read_tflite(tflite), chosen), folder)
        folders.append(folder)
    return folders


@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiles_without_a_warning(compiler: str, models: list[Path], tmp_path: Path) -> None:
    kernels = sorted((FIRMWARE_TEMPLATES / "runtime/kernels").rglob("*.c"))
    assert len(kernels) > 30
    for source in (*kernels, *(folder / name for folder in models for name in ("model.c", "model_data.c"))):
        compiles_clean(compiler, source, ("-O2", "-c", "-o", str(tmp_path / "out.o")))
