"""Generated C of the published networks, in every mode and for every instruction set: clean under four compilers."""

from __future__ import annotations

from pathlib import Path

import pytest

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.graph import read_tflite
from support.machines.compilers import COMPILERS, compiles_clean
from support.machines.native_model import write_sources
from support.machines.proof import known_answer
from support.models.published import TFLITE, TO_CONVERT, tflite_of

pytestmark = pytest.mark.long

NAMES = (*TFLITE, *TO_CONVERT)


@pytest.fixture(scope="module")
def sources(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """model.c of each network, mode and instruction set."""
    found = []
    for name in NAMES:
        tflite = tflite_of(name, shared, tmp_path_factory.mktemp(name))
        answer = known_answer(tflite)
        for isa in ("portable", "dsp", "mve"):
            for mode in ("speed", "balanced", "memory"):
                folder = tmp_path_factory.mktemp(f"{name}-{isa}-{mode}")
                model = generate(read_tflite(tflite), CodegenOptions(answer, optimize=mode, isa=isa))
                write_sources(model, folder)
                found += [folder / "model.c", folder / "model_data.c"]
    return found


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_published_network_compiles_without_a_warning(compiler: str, sources: list[Path]) -> None:
    for source in sources:
        compiles_clean(compiler, source, ("-fsyntax-only",))
    print(f"{compiler}: {len(sources)} models of {len(NAMES)} networks compile clean", flush=True)
