"""Every network with random weights, small and whole: int8 is bit-exact natively and on the emulated Cortex-M4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands.command import Cli
from support.models.networks import IMAGE, RING, prove_bit_exact, saved, settled

pytestmark = pytest.mark.long

CASES = [
    ("mobilenetv2", IMAGE, 0.2),
    ("mobilenetv2", (2, 3, 4), 0.4),
    ("mobilenetv2", RING, 0.2),
    ("mobilenetv2", (1, 8, 24), 0.7),
    ("mobilenetv1", (1, 8, 24), 0.25),
    ("mobilenetv1", RING, 0.25),
    ("m5", (20, 8, 24), 1.0),
    ("m5", RING, 1.0),
    ("effie", RING, 1.0),
    ("bandnet", RING, 1.0),
    ("bandnet", (1, 16, 40), 1.0),
    ("bandnet-small", RING, 1.0),
    ("lda", (1, 16, 4), 1.0),
    ("mlp", (1, 16, 4), 1.0),
]


@pytest.mark.parametrize(("name", "shape", "width"), CASES)
def test_every_layer_natively_and_outputs_on_cortex_m4(
    name: str, shape: tuple[int, int, int], width: float, tmp_path: Path
) -> None:
    prove_bit_exact(name, shape, width, tmp_path)


@pytest.mark.parametrize("board", ["native", "qemu-mps2-an386"])
@pytest.mark.parametrize(
    "name", ["mobilenetv2", "mobilenetv1", "m5", "effie", "bandnet", "bandnet-small", "lda", "mlp"]
)
def test_builds_and_benches_with_every_bit_right(name: str, board: str, cli: Cli, tmp_path: Path) -> None:
    """The usual command line, on simulated windows; random weights may drift, so their gates are open."""
    checkpoint = saved(settled(name, RING, 0.25 if "mobilenet" in name else 1.0), RING, tmp_path / "a.pt")
    converted = tmp_path / "converted"
    gates = ("--gate-agreement", "0", "--gate-logits", "inf")
    cli("convert", "--model", checkpoint, "--out", converted, *gates, timeout=900).succeeds()
    build = tmp_path / "build"
    model = converted / "model.int8.tflite"
    cli("build", "--board", board, "--model", model, "--out", build, timeout=900).succeeds()
    cli("bench", "--build", build, "--limit", "20", timeout=900).succeeds()
    verdict = json.loads((build / "bench.json").read_text())
    assert verdict["windows"] == verdict["correct_bits"] > 0
