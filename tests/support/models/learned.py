"""Checkpoints with learned ranges, and the proof that these are the int8 ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from emgdeploy.convert.pipeline import convert_model
from emgdeploy.graph import read_tflite
from emgdeploy.nets import view
from emgdeploy.nets.checkpoint import load_checkpoint, save_checkpoint
from support.models.networks import ANY_DRIFT, saved, settled

Scales = set[tuple[np.float32, int]]


def learned_exactly(name: str, shape: tuple[int, int, int], width: float, folder: Path) -> float:
    """Give each tensor some range, as training would, and convert: every int8 tensor that is computed must have
    one of these. Returns on how many windows the rounded network and int8 name the same class."""
    network = settled(name, shape, width)
    x = np.random.default_rng(1).normal(size=(100, *shape)).astype(np.float32)
    module = view.begin(network, x)
    for index, child in enumerate(m for m in module.modules() if isinstance(m, view.Rounding)):
        child.growth.data = torch.tensor(0.01 * (index % 7) - 0.03)
    ranges = view.learned(module)
    how = load_checkpoint(saved(network, shape, folder / "plain.pt")).preprocess
    assert how is not None
    save_checkpoint(folder / "a.pt", network, tuple("abcde"), how, {}, ranges)
    done = convert_model(folder / "a.pt", folder, x, gates=ANY_DRIFT)
    wanted: Scales = {(np.float32(found.scale), found.zero_point) for found in ranges.values()}
    found = activations(done.tflite.read_bytes())
    assert found <= wanted and len(found) >= len(wanted) - 1  # a mean over a single place computes nothing
    assert done.ledger[-1].stage == "tflite-int8" and done.ledger[-2].stage == "fake-quantized"
    return done.ledger[-1].top1_agreement


def activations(tflite: bytes) -> Scales:
    """Scale and zero point of every int8 tensor that is the input or computed."""
    graph = read_tflite(tflite)
    indices = {*graph.inputs, *(op.outputs[0] for op in graph.ops)}
    return {
        (np.float32(graph.tensors[index].q.scale), graph.tensors[index].q.zero_point) for index in indices
    }
