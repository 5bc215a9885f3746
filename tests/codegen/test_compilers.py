"""Generated C and every kernel: clean under gcc and clang, as C99 and as C++17."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.graph import read_tflite
from emgdeploy.resources import FIRMWARE_TEMPLATES
from support.native_model import write_sources
from support.proof import known_answer
from support.random_graphs import random_graph

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion")
COMPILERS = {
    "gcc": ("gcc", "-std=c99", "-pedantic"),
    "clang": ("clang", "-std=c99", "-pedantic"),
    "g++": ("g++", "-x", "c++", "-std=c++17"),
    "clang++": ("clang++", "-x", "c++", "-std=c++17"),
}
SEEDS = range(14)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of generated networks, float ends on half of them."""
    folders = []
    for seed in SEEDS:
        tflite = random_graph(seed)
        chosen = CodegenOptions(known_answer(tflite), keep_float_io=seed % 2 == 0)
        folder = tmp_path_factory.mktemp(f"model{seed}")
        write_sources(generate(read_tflite(tflite), chosen), folder)
        folders.append(folder)
    return folders


@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiles_without_a_warning(compiler: str, models: list[Path], tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    kernels = sorted((FIRMWARE_TEMPLATES / "runtime/kernels").rglob("*.c"))
    assert len(kernels) > 30
    for source in (*kernels, *(folder / "model.c" for folder in models)):
        command = [*COMPILERS[compiler], *WARNINGS, "-O2", "-c", str(source), "-o", str(tmp_path / "out.o")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{source}:\n{done.stderr[:2000]}"
