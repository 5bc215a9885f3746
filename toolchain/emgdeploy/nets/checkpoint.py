"""Checkpoints: reading them as data only, and writing what a device will need beside the weights.

Our own file is a mapping saved by torch: `format`, `network` (a description, see `registry`), `state_dict`,
`labels`, `preprocess` (see `signals.Preprocess`), `acquisition` (see `signals.acquisition`) and `training` (free
notes). What training scripts save is found as well (see `statedict`). Every file is read with
`torch.load(weights_only=True)`, so none can run code.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy import bounded, optional
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.nets import factory as factories
from emgdeploy.nets import published, registry, statedict, weights
from emgdeploy.nets.ranges import HIGHEST, LOWEST, Range
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.text import printable

if TYPE_CHECKING:
    from torch import nn

FORMAT = "emgdeploy.checkpoint/1"
# PyTorch's own, Lightning's, and what Hugging Face's libraries call a state dict.
SUFFIXES = (".pt", ".pth", ".ckpt", ".bin")
_LARGEST = 2 << 30
_MOST_INPUTS = 1 << 24
_HINT = "give a .pt file that `emgdeploy train` wrote, or a state dict of the published project"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and what goes with it.

    network: in evaluation mode, on the CPU; name: `mobilenetv2`, `m5` or the factory's;
    input_shape: (C, H, W) of one window; labels, preprocess: None where the file brings none;
    training: the notes of whoever trained it; sha256: of the file's bytes; ranges: of a network trained with
    its own rounding, what each int8 tensor holds (see `qat`); acquisition: how its recordings were taken, None
    where the file does not say.
    """

    network: nn.Module
    name: str
    input_shape: tuple[int, int, int]
    labels: tuple[str, ...] | None
    preprocess: Preprocess | None
    sha256: str
    training: Mapping[str, Any]
    ranges: Mapping[str, Range] | None = None
    acquisition: Acquisition | None = None


def is_checkpoint(path: Path) -> bool:
    """Whether the file's name says that it is one."""
    return path.suffix.lower() in SUFFIXES


def load_checkpoint(
    path: Path, factory: str | None = None, grid: tuple[int, int] | None = None
) -> Checkpoint:
    """Read a checkpoint of ours or a bare published state dict.

    factory: `module:function` of the user's own network (see `factory.make`), or the name of one of ours, which
        the file's must then be; grid: rows and columns for a bare MobileNetV2 whose grid is not 8 x 24.
    Raises InputError for a file that is missing, damaged, wants to run code, or holds another network; its subclass
    NetworkNotNamed where the network is the user's own and `factory` does not name it.
    """
    optional.load("torch", extra="train")
    source = str(path)
    content = _read(Path(path))
    value = weights.unpickle(content, source)
    fields: Mapping[str, Any] = {"format": FORMAT, "state_dict": statedict.find(value)}
    if isinstance(value, dict) and str(value.get("format", "")).startswith("emgdeploy.checkpoint/"):
        fields = value
    if fields["format"] != FORMAT:
        raise InputError(f"{source}: its format is {fields['format']!r:.60}", f"this version reads {FORMAT}")
    state = weights.checked_state(fields.get("state_dict"), source, 2 * len(content))
    state = published.without_profiling(statedict.without_compiled(state))
    network, name = _network(fields, state, factory, grid, source)
    weights.fill(network, state, source)
    shape = _input_shape(network, source)
    labels = _labels(fields.get("labels"), weights.class_count(network, shape, source), source)
    preprocess = _preprocess(fields.get("preprocess"), shape, source)
    notes = fields.get("training")
    digest = hashlib.sha256(content).hexdigest()
    training = notes if isinstance(notes, dict) else {}
    ranges = _ranges(fields.get("ranges"), source)
    acquisition = _acquisition(fields.get("acquisition"), source)
    return Checkpoint(network.eval(), name, shape, labels, preprocess, digest, training, ranges, acquisition)


def save_checkpoint(
    path: Path,
    network: nn.Module,
    labels: tuple[str, ...],
    preprocess: Preprocess,
    training: Mapping[str, Any],
    ranges: Mapping[str, Range] | None = None,
    acquisition: Acquisition | None = None,
    factory: str | None = None,
) -> None:
    """Write a checkpoint, whole or not at all. factory: the name of the user's own network, kept as a name only."""
    import torch

    state = {key: value.detach().cpu() for key, value in network.state_dict().items()}
    fields = {
        "format": FORMAT,
        "network": registry.describe(network, len(labels), factory),
        "state_dict": state,
        "labels": list(labels),
        "preprocess": preprocess.to_dict(),
        "training": dict(training),
    }
    if ranges is not None:
        fields["ranges"] = {name: [found.scale, found.zero_point] for name, found in ranges.items()}
    if acquisition is not None:
        fields["acquisition"] = acquisition.to_dict()
    buffer = io.BytesIO()
    torch.save(fields, buffer)
    write_atomic(Path(path), buffer.getvalue())


def _read(path: Path) -> bytes:
    return bounded.read(path, _LARGEST, _HINT)


def _network(
    fields: Mapping[str, Any],
    state: Mapping[str, Any],
    factory: str | None,
    grid: tuple[int, int] | None,
    source: str,
) -> tuple[nn.Module, str]:
    description = fields.get("network")
    if factory is not None and ":" in factory:
        known: Mapping[str, Any] = description if isinstance(description, dict) else {}
        return factories.make(factory, known), factory
    if description is None:
        description = published.description_of(state, source, grid)
    if not isinstance(description, dict):
        raise InputError(f"{source}: the description of its network is no mapping", _HINT)
    found = str(description.get("name"))
    if factory is not None and found not in (factory, registry.kind_of(factory)):
        raise InputError(
            f"{source}: its network is {printable(found):.60}, not {printable(factory):.60}",
            "leave --network out",
        )
    return weights.on_no_device(description, source), found


def _input_shape(network: nn.Module, source: str) -> tuple[int, int, int]:
    shape = getattr(network, "input_shape", None)
    if shape is None:
        raise InputError(
            f"{source}: the network does not say its input shape",
            "give the module an `input_shape` (C, H, W)",
        )
    sizes = tuple(shape) if isinstance(shape, tuple | list) else ()
    if len(sizes) != 3 or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise InputError(
            f"{source}: the network's input_shape is {shape!r:.60}, not three sizes (C, H, W)",
            "windows of (channels, samples) have an axis of size 1: input_shape (1, channels, samples), and "
            "x.squeeze(1) in forward; or export it with torch.onnx.export and give the .onnx",
        )
    if math.prod(sizes) > _MOST_INPUTS:
        raise InputError(
            f"{source}: a window of {sizes} is more than any board can hold", "take a smaller window"
        )
    return (sizes[0], sizes[1], sizes[2])


def _labels(labels: object, classes: int, source: str) -> tuple[str, ...] | None:
    if labels is None:
        return None
    if not isinstance(labels, list | tuple) or not all(isinstance(name, str) for name in labels):
        raise InputError(f"{source}: its labels are no list of names", _HINT)
    if len(labels) != classes:
        raise InputError(f"{source}: it has {len(labels)} labels and {classes} classes", _HINT)
    return tuple(labels)


def _ranges(fields: object, source: str) -> Mapping[str, Range] | None:
    if fields is None:
        return None
    wrong = InputError(f"{source}: its int8 ranges are no scales and zero points", _HINT)
    if not isinstance(fields, dict):
        raise wrong
    found = {}
    for name, pair in fields.items():
        match pair:
            case [float(scale), int(zero_point)] if 1e-30 < scale < 1e30 and LOWEST <= zero_point <= HIGHEST:
                found[str(name)] = Range(scale, zero_point)
            case _:
                raise wrong
    return found


def _acquisition(fields: object, source: str) -> Acquisition | None:
    return None if fields is None else Acquisition.from_dict(fields, source)


def _preprocess(fields: object, shape: tuple[int, int, int], source: str) -> Preprocess | None:
    if fields is None:
        return None
    preprocess = Preprocess.from_dict(fields, f"{source}: preprocessing")
    if preprocess.input_shape != shape:
        raise InputError(
            f"{source}: its preprocessing makes windows {preprocess.input_shape}, its network takes {shape}",
            _HINT,
        )
    return preprocess
