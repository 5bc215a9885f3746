"""The published networks: 200 windows each of random, extreme, constant and smooth, every layer.

Natively under the sanitizers, with portable kernels and with the portable twins of the DSP ones;
and the final outputs on the emulated Cortex-M4 over its serial port.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from support.commands.command import Cli
from support.long_runs.resume import Progress
from support.machines.native_model import SANITIZE
from support.machines.proof import Proof, prove
from support.models.published import TFLITE, TO_CONVERT, WINDOW_KINDS, tflite_of, windows

pytestmark = pytest.mark.long

EACH = 200
NAMES = (*TFLITE, *TO_CONVERT)
FAST = (*SANITIZE, "-O2")


@pytest.fixture(scope="module")
def progress() -> Progress:
    return Progress("published-models")


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {name: tflite_of(name, shared, tmp_path_factory.mktemp(name)) for name in NAMES}


@pytest.mark.parametrize("isa", ["portable", "dsp"])
@pytest.mark.parametrize("kind", range(len(WINDOW_KINDS)), ids=WINDOW_KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_natively(
    name: str, kind: int, isa: str, models: dict[str, bytes], progress: Progress, tmp_path: Path
) -> None:
    key = f"{name} {WINDOW_KINDS[kind]} {isa}"
    if progress.report(key) is None:
        x = windows(models[name], EACH, seed=1)[kind * EACH : (kind + 1) * EACH]
        progress.finish(key, report(prove(models[name], tmp_path, x, flags=FAST, isa=isa)))
    print(key, progress.report(key), flush=True)


def report(proof: Proof) -> str:
    assert proof.windows == EACH
    layers = len(proof.generated.layers)
    return (
        f"{proof.windows} windows x {layers} layers equal, {proof.distinct_outputs} distinct outputs, "
        f"{proof.saturated:.1%} saturated"
    )


@pytest.mark.parametrize("board", ["native", "qemu-mps2-an386"])
@pytest.mark.parametrize("name", NAMES)
def test_final_outputs_over_the_wire(
    name: str, board: str, cli: Cli, models: dict[str, bytes], progress: Progress, tmp_path: Path
) -> None:
    build = tmp_path / "build"
    for kind, of_kind in enumerate(WINDOW_KINDS):
        key = f"{name} {of_kind} on {board}"
        if progress.report(key) is None:
            if not build.exists():
                (tmp_path / "model.tflite").write_bytes(models[name])
                cli(
                    "build", "--board", board, "--model", tmp_path / "model.tflite", "--out", build
                ).succeeds()
                cli("flash", "--build", build).succeeds()
            x = windows(models[name], EACH, seed=2)[kind * EACH : (kind + 1) * EACH]
            progress.finish(key, bench(cli, build, x))
        print(key, progress.report(key), flush=True)


def bench(cli: Cli, build: Path, x: NDArray[Any]) -> str:
    np.savez(build.parent / "windows.npz", x=x)
    # An emulator on a busy machine is slow, but loses nothing: what is late need not go again.
    patient = ("--reply-timeout", "10", "--windows", build.parent / "windows.npz")
    cli("bench", "--build", build, *patient, timeout=1500).succeeds()
    verdict = json.loads((build / "bench.json").read_text())
    assert verdict["correct_bits"] == verdict["windows"] == EACH
    return f"{verdict['correct_bits']} of {verdict['windows']} windows equal"


# Arena of each network in bytes with --optimize memory on Cortex-M4, at most.
LARGEST_ARENA = {"emg-onnx": 11 << 10, "vww": 40 << 10, "kws": 10 << 10, "ic": 37 << 10}
# Output channels of the layers with weights of the published MobileNetV2 of width 0.2.
CHANNELS = 5712


@pytest.mark.parametrize("name", LARGEST_ARENA)
def test_memory_mode_keeps_its_bounds(name: str, cli: Cli, models: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(models[name])
    build = tmp_path / "build"
    cli("build", "--board", "qemu-mps2-an386", "--optimize", "memory",
        "--model", tmp_path / "model.tflite", "--out", build).succeeds()  # fmt: skip
    made = json.loads((build / "manifest.json").read_text())
    print({k: made[k] for k in ("arena_bytes", "code_bytes", "params_bytes", "flash_bytes", "stack_bytes")})
    beyond_one_kb_of_stack = max(0, made["stack_bytes"] - 1024)
    assert made["arena_bytes"] + beyond_one_kb_of_stack <= LARGEST_ARENA[name]
    if name == "emg-onnx":
        assert made["code_bytes"] <= 16 << 10
        assert made["params_bytes"] <= 10 * CHANNELS
