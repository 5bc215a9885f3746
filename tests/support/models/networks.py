"""Networks with random weights, as checkpoints, and the proof that their int8 form is bit-exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from emgdeploy.codegen import CodegenOptions, generate
from emgdeploy.convert.ledger import Gates
from emgdeploy.convert.pipeline import convert_model
from emgdeploy.convert.reference import Reference
from emgdeploy.cores import CORES
from emgdeploy.emulate.cycles import Profiler
from emgdeploy.emulate.cycles.bare import link_alone
from emgdeploy.graph import read_tflite
from emgdeploy.nets import registry
from emgdeploy.nets.checkpoint import save_checkpoint
from emgdeploy.signals import Preprocess
from support.machines.proof import known_answer, prove, windows_of

RING = (1, 8, 32)
IMAGE = (1, 5, 7)
# Random weights separate no classes: what int8 keeps of them is no measure, only its bits are.
ANY_DRIFT = Gates(int8_agreement=0.0, simulated_agreement=0.0, int8_logits=float("inf"))


def settled(name: str, shape: tuple[int, int, int], width: float) -> torch.nn.Module:
    """Random weights with batch-norm statistics of random windows."""
    torch.manual_seed(3)
    network = registry.new(name, shape, 5, width)
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            module.momentum = None  # all that was seen counts: else deep networks shrink to a constant
    with torch.no_grad():
        for _ in range(6):
            network(torch.randn(32, *shape))
    return network.eval()


def saved(network: torch.nn.Module, shape: tuple[int, int, int], path: Path) -> Path:
    grid = (shape[1], shape[2])
    electrodes = tuple(range(grid[0] * grid[1]))
    how = Preprocess(200.0, grid, electrodes, shape[0] * 5.0, 40.0, image="stacked", frames=shape[0])
    save_checkpoint(path, network, tuple("abcde"), how, {})
    return path


def prove_bit_exact(name: str, shape: tuple[int, int, int], width: float, folder: Path) -> None:
    """Random weights to int8: every layer equal to the reference natively, the outputs on a Cortex-M4 too."""
    checkpoint = saved(settled(name, shape, width), shape, folder / "a.pt")
    factory = name if ":" in name else None
    x = np.random.default_rng(1).normal(size=(20, *shape)).astype(np.float32)
    tflite = convert_model(checkpoint, folder, x, factory=factory, gates=ANY_DRIFT).tflite.read_bytes()
    reference = Reference(tflite, keep_tensors=False)
    windows = np.concatenate([windows_of(reference, 2, kind, 1) for kind in ("random", "extreme", "smooth")])
    assert prove(tflite, folder / "native", windows).distinct_outputs > 1
    model = generate(read_tflite(tflite), CodegenOptions(known_answer(tflite), isa=CORES["cortex-m4f"].isa))
    given, wanted = model.input.quantize(windows), model.output.quantize(reference.run(windows))
    elf = link_alone(model, CORES["cortex-m4f"], folder / "m4")
    profiler = Profiler(elf, "cortex-m4f", given[0].nbytes, wanted[0].nbytes)
    for window, answer in zip(given[:2], wanted[:2], strict=True):
        assert profiler.run(window.tobytes()).output == answer.tobytes()


def write_own_network(folder: Path) -> None:
    """A network of the user's own, `own_network:make`."""
    (folder / "own_network.py").write_text(
        "from torch import nn\n"
        "def make(input_shape, classes):\n"
        "    channels, rows, columns = input_shape\n"
        "    left = 6 * (rows - 2) * (columns - 2)\n"
        "    net = nn.Sequential(nn.Conv2d(channels, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(left, classes))\n"
        "    net.input_shape = tuple(input_shape)\n"
        "    return net\n"
    )
