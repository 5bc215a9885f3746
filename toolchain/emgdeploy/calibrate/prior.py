"""What a build knows of the recordings behind it: what its head saw of each gesture, and how the array lay."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.calibrate.head import Head
from emgdeploy.errors import InputError
from emgdeploy.files import write_atomic
from emgdeploy.nets.discriminant import Moments
from emgdeploy.nets.levels import Levels
from emgdeploy.signals import archive
from emgdeploy.signals.preprocess import Preprocess

FILE = "adapt.npz"
_HINT = "build it again with --adapt head and --calibration FILE.npz of labelled windows"


@dataclass(frozen=True)
class Prior:
    """moments: of the head's features (D,). amplitudes: whether they are logarithms of amplitudes, which effort moves
    together. levels: None where the model's file did not say."""

    moments: Moments
    amplitudes: bool
    levels: Levels | None

    @classmethod
    def of(
        cls,
        head: Head,
        x: NDArray[Any],
        y: NDArray[np.int64],
        classes: int,
        ends: tuple[float, int],
        preprocess: Preprocess | None,
        levels: Levels | None,
    ) -> Prior:
        """Of the device's integers x (N, *device shape) of classes y (N,); ends: scale and zero point of its input."""
        moments = Moments.of(head.features(x, *ends), y, classes)
        log = preprocess is not None and preprocess.log_epsilon is not None
        return cls(moments, log and head.sees_the_input, levels)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        arrays: dict[str, Any] = {
            name: getattr(self.moments, name) for name in ("shares", "means", "covariance", "spread")
        }
        arrays["amplitudes"] = np.array(self.amplitudes)
        if self.levels is not None:
            arrays |= {f"levels_{name}": np.asarray(value) for name, value in self.levels.to_dict().items()}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        write_atomic(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path, preprocess: Preprocess) -> Prior:
        """Raises InputError for a damaged file."""
        content = bounded.read(path, archive.LARGEST, _HINT)
        try:
            file = archive.load(content)
            shares, means, covariance = (
                np.asarray(file[name], np.float64) for name in ("shares", "means", "covariance")
            )
            fields = {
                k.removeprefix("levels_"): v.tolist() for k, v in file.items() if k.startswith("levels_")
            }
            moments = Moments(shares, means, covariance, float(file["spread"]))
            found = cls(moments, bool(file["amplitudes"]), Levels.from_dict(fields, preprocess))
        except Exception:  # a damaged archive makes zipfile, zlib and numpy fail in many ways
            raise InputError(f"{path}: is damaged", _HINT) from None
        classes, features = means.shape if means.ndim == 2 else (0, 0)
        sizes = (shares.shape, covariance.shape) == ((classes,), (features, features))
        finite = all(np.isfinite(values).all() for values in (shares, means, covariance))
        if not (sizes and finite and classes and moments.spread > 0):
            raise InputError(f"{path}: its arrays do not fit each other", _HINT)
        return found
