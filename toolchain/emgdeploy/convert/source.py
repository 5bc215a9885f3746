"""What a conversion starts from: a checkpoint or an ONNX file, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert import export, fakequant, onnxfile, onnxrun, packages
from emgdeploy.convert.onnxfile import OnnxModel
from emgdeploy.errors import InputError
from emgdeploy.files import sha256_of
from emgdeploy.nets import foreign
from emgdeploy.nets.checkpoint import Checkpoint, is_checkpoint, load_checkpoint
from emgdeploy.nets.rehearsal import takes_batches
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.preprocess import Preprocess

_BATCH = 256
Logits = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Source:
    """name and place: of the file, and how messages name it. `network` is the torch module of a checkpoint, None for an ONNX file, which brings no labels either.

    network_name: what a checkpoint's is called, `module:function` for a user's own.
    window_shape: (C, H, W) of a checkpoint; the ONNX file's own input shape without batch.
    preprocess, acquisition: None where the file does not say. training: the notes of whoever trained the checkpoint. fake_quantized: of a network trained for int8, which
    brings its ranges: its (N, K) logits with all tensors rounded; `network` then rounds only its weights. Of a
    quantized ONNX file those of the file as it stands.
    """

    name: str
    sha256: str
    model: OnnxModel
    window_shape: tuple[int, ...]
    network: Any = None
    labels: tuple[str, ...] | None = None
    preprocess: Preprocess | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    fake_quantized: Logits | None = None
    acquisition: Acquisition | None = None
    network_name: str | None = None
    place: str = ""

    def torch_logits(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, K) logits of the torch network, on the CPU."""
        return _logits(self.network, windows)


def read(path: Path, factory: str | None = None) -> Source:
    """Read a checkpoint or an .onnx file; `factory` ("module:function") makes a user's own network.

    Raises InputError when the file is not what it must be.
    """
    foreign.refuse(path)
    if path.suffix.lower() == ".onnx":
        model = onnxfile.load(path)
        whole = partial(onnxrun.run, model, source=path.name) if fakequant.holds_pairs(model) else None
        return Source(
            path.name, sha256_of(path), model, model.input_shape[1:], fake_quantized=whole, place=str(path)
        )
    if not is_checkpoint(path):
        raise InputError(
            f"{path}: a {path.suffix or 'file without suffix'} cannot be converted",
            "give a checkpoint (.pt) or an ONNX file (.onnx); a .tflite needs no conversion",
        )
    return of_checkpoint(load_checkpoint(path, factory), path)


def of_checkpoint(checkpoint: Checkpoint, path: Path) -> Source:
    """A checkpoint that was read from `path`, with its network exported. Raises InputError."""
    network, fake_quantized = checkpoint.network, None
    if checkpoint.ranges is not None:
        from emgdeploy.nets import view

        whole = view.view(checkpoint.network, checkpoint.ranges, str(path))
        network, fake_quantized = view.without_ranges(whole), partial(_logits, whole)
        model = export.export(whole, checkpoint.input_shape, str(path))
    else:
        model = export.export(network, checkpoint.input_shape, str(path))
    return Source(
        path.name,
        checkpoint.sha256,
        model,
        checkpoint.input_shape,
        network,
        checkpoint.labels,
        checkpoint.preprocess,
        checkpoint.training,
        fake_quantized,
        checkpoint.acquisition,
        checkpoint.name,
        str(path),
    )


def _logits(network: Any, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    torch = packages.torch()
    size = _BATCH if takes_batches(network, windows.shape[1:]) else 1
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(windows[start : start + size])).numpy()
            for start in range(0, len(windows), size)
        ]
    return np.concatenate(parts).reshape(len(windows), -1).astype(np.float32)
