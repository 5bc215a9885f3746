"""Networks of Keras in every form: every layer natively, final outputs on the emulated Cortex-M4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands.command import Cli
from support.long_runs.resume import Progress
from support.machines.native_model import SANITIZE
from support.machines.proof import prove
from support.models.keras_zoo import FORMS, WITHOUT_16X8, ZOO, keras_tflite

pytestmark = pytest.mark.long

CASES = [(n, f) for n in ZOO for f in FORMS[:4] if not (f == "16x8" and n in WITHOUT_16X8)]


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("keras-models")


@pytest.mark.parametrize(("name", "form"), CASES)
def test_a_network(name: str, form: str, cli: Cli, progress: Progress, tmp_path: Path) -> None:
    key = f"{name}, {form}"
    if progress.report(key) is None:
        batch = 1 if form == "int8 ends" else None
        tflite = keras_tflite(name, form, batch)
        proof = prove(tflite, tmp_path / "native", flags=(*SANITIZE, "-O1"), isa="dsp")
        progress.finish(
            key,
            f"{proof.windows} windows x {len(proof.generated.layers)} layers equal, "
            f"{proof.distinct_outputs} distinct outputs; {emulated(cli, tflite, tmp_path)}",
        )
    print(key, progress.report(key), flush=True)


def emulated(cli: Cli, tflite: bytes, folder: Path) -> str:
    (folder / "model.tflite").write_bytes(tflite)
    build = folder / "build"
    made = ("--board", "qemu-mps2-an386", "--model", folder / "model.tflite", "--out", build)
    cli("build", *made).succeeds()
    cli("flash", "--build", build).succeeds()
    cli("bench", "--build", build, timeout=1200).succeeds()
    verdict = json.loads((build / "bench.json").read_text())
    assert verdict["correct_bits"] == verdict["windows"] > 0
    return f"{verdict['correct_bits']} of {verdict['windows']} windows equal on Cortex-M4"
