"""golden.npz: windows with the answers a device must give, so that a bench needs no interpreter.

It travels inside the build folder, which may come from somebody else: it is read as plain arrays only.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.convert.reference import Reference
from emgdeploy.convert.windows import quantize_windows
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.signals import archive

_HINT = "build the folder again, or copy it again"


@dataclass(frozen=True)
class Golden:
    """x (N, *device shape) of the input dtype; y (N, *output shape), the reference's outputs.

    float_logits: (N, K) float32 predictions of the network before quantization, or (0, 0);
    labels: (N,) int64 true classes, or (0,); reference: interpreter and version that gave y.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    float_logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    reference: str

    def __len__(self) -> int:
        return len(self.x)


def make(
    tflite: bytes,
    windows: NDArray[Any],
    axes: tuple[int, ...],
    labels: NDArray[np.int64] | None = None,
    float_logits: NDArray[np.float32] | None = None,
) -> Golden:
    """Run the reference interpreter on windows.

    windows: floats (N, *window shape), quantized here, or integers of the input dtype already in the
    device's layout. Raises InputError when they do not fit the model.
    """
    reference = Reference(tflite, keep_tensors=False)
    details = reference.input
    if windows.dtype == details.dtype and windows.dtype.kind in "iu":
        x = np.ascontiguousarray(windows)
    else:
        x = quantize_windows(windows, details.scale, details.zero_point, details.dtype, axes)
    return Golden(
        x,
        reference.run(x),
        np.zeros((0, 0), np.float32) if float_logits is None else float_logits.astype(np.float32),
        np.zeros(0, np.int64) if labels is None else labels.astype(np.int64),
        reference.version,
    )


def save(path: Path, golden: Golden) -> None:
    """Write the file, whole or not at all; the same windows give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        x=golden.x,
        y=golden.y,
        float_logits=golden.float_logits,
        labels=golden.labels,
        reference=np.array(golden.reference),
    )
    write_atomic(path, buffer.getvalue())


def load(path: Path) -> Golden:
    """Raises InputError when the file is missing, damaged, or its arrays do not fit each other."""
    content = bounded.read(path, archive.LARGEST, _HINT)
    try:
        file = archive.load(content)
        golden = Golden(file["x"], file["y"], file["float_logits"], file["labels"], str(file["reference"]))
    # A damaged archive makes zipfile, zlib and numpy fail in many ways, of many classes.
    except Exception:
        raise InputError(f"{path}: is damaged or no golden file", _HINT) from None
    _check(golden, path)
    return golden


def _check(golden: Golden, path: Path) -> None:
    counts = {len(golden.x), len(golden.y)}
    counts |= {len(part) for part in (golden.float_logits, golden.labels) if len(part)}
    kinds = golden.x.dtype.kind in "iuf" and golden.y.dtype.kind in "iuf"
    kinds = kinds and golden.float_logits.dtype.kind == "f" and golden.labels.dtype.kind in "iu"
    if len(counts) != 1 or not kinds or golden.float_logits.ndim != 2 or golden.labels.ndim != 1:
        raise InputError(f"{path}: its arrays do not fit each other", _HINT)
