"""The published checkpoint, whole: 1,000 windows on the emulated Cortex-M4, 50 of them layer by layer natively."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import quantize_windows
from support.commands.command import Cli
from support.machines.proof import prove, windows_of

pytestmark = pytest.mark.long

CHECKPOINT = "MobilenetV2_Params@808.504K_MAC@4.964M_Acc@97.252.pt"


@pytest.fixture(scope="module")
def build(cli: Cli, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint's build for the emulated board."""
    folder = tmp_path_factory.mktemp("published") / "build"
    arguments = (
        "--board",
        "qemu-mps2-an386",
        "--model",
        shared / "models/seed" / CHECKPOINT,
        "--out",
        folder,
    )
    cli("build", *arguments).succeeds()
    return folder


def windows(shared: Path, reference: Reference, n: int) -> np.ndarray:
    """The one real frame and neighbours of it, random values, extreme values: int8, device layout."""
    frame = np.loadtxt(shared / "models/seed/hdsemg_frame_192.txt").reshape(1, 1, 8, 24)
    scales = np.linspace(0.2, 3.0, n // 4).reshape(-1, 1, 1, 1)
    real = np.concatenate([frame, frame * scales]).astype(np.float32)
    details = reference.input
    real_q = quantize_windows(real, details.scale, details.zero_point, details.dtype, (1, 2, 0))
    rest = n - len(real_q)
    random = windows_of(reference, rest // 2, "random")
    return np.concatenate([real_q, random, windows_of(reference, rest - rest // 2, "extreme")])


def test_a_thousand_windows_on_the_emulated_cortex_m4(
    cli: Cli, shared: Path, build: Path, tmp_path: Path
) -> None:
    reference = Reference((build / "model.int8.tflite").read_bytes(), keep_tensors=False)
    np.savez(tmp_path / "windows.npz", x=windows(shared, reference, 1000))
    cli("flash", "--build", build).succeeds()
    cli("bench", "--build", build, "--windows", tmp_path / "windows.npz", timeout=900).succeeds()
    verdict = json.loads((build / "bench.json").read_text())
    print({k: verdict[k] for k in ("windows", "correct_bits", "wrong_bits", "unanswered", "cycles")})
    assert (verdict["windows"], verdict["correct_bits"]) == (1000, 1000)


@pytest.mark.parametrize("isa", ["portable", "dsp"])
def test_every_layer_natively_on_fifty(shared: Path, build: Path, tmp_path: Path, isa: str) -> None:
    tflite = (build / "model.int8.tflite").read_bytes()
    proof = prove(tflite, tmp_path, windows(shared, Reference(tflite, keep_tensors=False), 50), isa=isa)
    kinds = {layer.op for layer in proof.generated.layers}
    print(isa, proof.windows, "windows", proof.distinct_outputs, "distinct outputs", f"{proof.saturated:.2%}")
    assert proof.windows == 50
    assert "TRANSPOSE" not in kinds
