"""Starting from a checkpoint: a new session or person with a few seconds of each gesture.

What the first layers see hardly changes from day to day; how strong each electrode is does. So a network is
trained on from its weights, and its first layers can be kept as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets.checkpoint import Checkpoint
from emgdeploy.signals import windowfile
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.windowfile import Windows

if TYPE_CHECKING:
    from torch import nn

# Settings of `TrainSettings`. A few hundred windows make few steps in an epoch, and vary less than those of another trial will.
USUAL: Mapping[str, Any] = {"epochs": 30, "noise": 0.5, "lost": 0.1}


def preprocess_of(checkpoint: Checkpoint, source: str) -> Preprocess:
    """How the checkpoint's windows are made, normalisation included: the weights expect no other.

    Raises InputError where it does not say.
    """
    if checkpoint.preprocess is None:
        raise InputError(
            f"{source}: the checkpoint does not say how its windows are made",
            "fine-tune a checkpoint that `emgdeploy train` wrote",
        )
    return checkpoint.preprocess


def old_windows(path: Path, checkpoint: Checkpoint) -> Windows | None:
    """The test windows of the checkpoint's own training, which `train` wrote beside it; None where there are none that
    fit: then nobody can say what is forgotten."""
    try:
        found = windowfile.load(path.parent / "test.npz", checkpoint.input_shape)
    except InputError:
        return None
    return found if found.y is not None and found.labels == checkpoint.labels else None


def start_from(checkpoint: Checkpoint, labels: tuple[str, ...], freeze: int) -> nn.Module:
    """A copy of the checkpoint's network to train on, its first `freeze` layers with weights kept.

    Raises InputError for data with other gestures, UsageError where nothing would be left to train.
    """
    if checkpoint.labels is not None and checkpoint.labels != labels:
        raise InputError(
            f"the checkpoint knows {', '.join(checkpoint.labels)}; the data have {', '.join(labels)}",
            "fine-tune on recordings of the same gestures",
        )
    network = copy.deepcopy(checkpoint.network)
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    for module in _first_layers(network, freeze):
        for parameter in module.parameters():
            parameter.requires_grad_(False)
    return network


def is_kept(module: nn.Module) -> bool:
    """Whether this layer has weights and all of them are kept: its statistics are kept with them."""
    own = list(module.parameters(recurse=False))
    return bool(own) and not any(parameter.requires_grad for parameter in own)


def _first_layers(network: nn.Module, count: int) -> Iterator[nn.Module]:
    """The first `count` convolutions and linear layers, each with what follows it up to the next."""
    from torch import nn

    layers = [m for m in network.modules() if any(True for _ in m.parameters(recurse=False))]
    weighted = [isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear) for layer in layers]
    if count >= sum(weighted):
        raise UsageError(
            f"--freeze {count} leaves nothing to train: the network has {sum(weighted)} layers with weights",
            f"keep {sum(weighted) - 1} at most",
        )
    seen = 0
    for layer, is_weighted in zip(layers, weighted, strict=True):
        seen += is_weighted
        if seen > count:
            return
        yield layer
