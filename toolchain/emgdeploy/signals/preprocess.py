"""One description of how raw samples become model input, executed identically by host and firmware.

Both compute in single precision and in the same order (`emgdeploy.signals.float32_math`), so a window has the same
bits on either. Order of the steps, each optional: pick electrodes -> causal filters -> rectify -> per window:
remove the mean -> reduce to an image -> log -> normalise. Samples are in millivolts, one column per recorded
channel.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy import bounded
from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import description, filters
from emgdeploy.signals import repair as repairs
from emgdeploy.signals.description import Description
from emgdeploy.signals.float32_math import Single, logarithm, standardise
from emgdeploy.signals.imaging import reduce_windows, window_starts

NO_ELECTRODE = -1


@dataclass(frozen=True)
class Filtered:
    """signal: (S, E) filtered samples. bad: (S, E) which of them stood for a bad one. last, filters: what the
    samples that follow need to know (see `repair` and `filters`)."""

    signal: Single
    bad: NDArray[np.bool_]
    last: Single
    filters: Single | None


class Preprocess(Description):
    """The steps of a description, in the same bits that the device computes."""

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one window."""
        if self.layout == "raster":
            return (1, len(self.electrodes), self.frames)
        if self.layout == "column":
            return (1, self.frames * len(self.electrodes), 1)
        return (self.frames, *self.grid)

    @property
    def feature_order(self) -> NDArray[np.int64]:
        """Which feature, counted frame by frame and row by row, stands at each place of a window."""
        order = np.arange(self.frames * len(self.electrodes)).reshape(self.frames, -1)
        return (order.T if self.layout == "raster" else order).reshape(-1)

    @property
    def is_fitted(self) -> bool:
        """Whether nothing has to be learned from training data any more."""
        return self.normalise in ("none", "frame") or bool(self.mean)

    def starts(self, samples: int) -> NDArray[np.int64]:
        """(N,) first sample of each whole window in a recording of that many samples."""
        return window_starts(samples, self.window_samples, self.stride_samples)

    def features(self, raw: NDArray[Any]) -> Single:
        """Every step but normalisation: (S, channels) in mV -> (N, frames, rows, columns).

        Raises InputError where the recording has too few channels.
        """
        return self.images(self.filtered(raw).signal)

    def filtered(self, raw: NDArray[Any], before: Filtered | None = None) -> Filtered:
        """(S, channels) in mV -> (S, electrodes), without bad samples; before: of the samples before them.

        Raises InputError where the recording has too few channels.
        """
        repaired = repairs.repair(self._picked(raw), self.range_mv, before.last if before else None)
        signal, state = repaired.signal, None
        sections = filters.sections(self)
        if len(sections):
            signal, state = filters.run(sections, signal, before.filters if before else None, repaired.begins)
        return Filtered(np.abs(signal) if self.rectify else signal, repaired.bad, repaired.last, state)

    def images(self, signal: Single) -> Single:
        """Filtered samples (S, electrodes) -> (N, frames, rows, columns), not yet normalised."""
        image = reduce_windows(
            signal, self.window_samples, self.stride_samples, self.frames, self.image, self.detrend
        )
        if self.log_epsilon is not None:
            image = logarithm(image + np.float32(self.log_epsilon))
        return image.reshape(len(image), self.frames, *self.grid)

    def fit(self, features: Single) -> Preprocess:
        """This description with the normalisation learned from `features` (N, frames, rows, columns)."""
        if self.normalise not in ("global", "electrode"):
            return self
        axes = (0, 1) if self.normalise == "electrode" else (0, 1, 2, 3)
        mean, std = (of(features, axis=axes, dtype=np.float64) for of in (np.mean, np.std))
        # A dead electrode has no deviation; dividing by one leaves it at zero.
        std = np.where(std > 1e-9, std, 1.0)
        return dataclasses.replace(
            self, mean=tuple(map(float, np.ravel(mean))), std=tuple(map(float, np.ravel(std)))
        )

    def normalised(self, features: Single) -> Single:
        """`features` (N, frames, rows, columns) -> model input (N, *input_shape)."""
        if not self.is_fitted:
            raise InputError(
                f"the preprocessing asks for {self.normalise} normalisation and holds no mean and std",
                "fit it on training windows, or write mean and std into the description",
            )
        if self.normalise == "frame":
            rows = features.reshape(len(features), math.prod(features.shape[1:]))
            result = standardise(rows).reshape(features.shape)
        elif self.normalise == "none":
            result = features.copy()
        else:
            shape = self.grid if self.normalise == "electrode" else (1, 1)
            mean, std = (np.reshape(np.array(v, np.float32), shape) for v in (self.mean, self.std))
            result = (features - mean) / std
        missing = np.reshape(np.asarray(self.electrodes) == NO_ELECTRODE, self.grid)
        result[:, :, missing] = 0.0
        return self._laid_out(result)

    def apply(self, raw: NDArray[Any]) -> Single:
        """All steps: samples (S, channels) in mV -> model input (N, *input_shape)."""
        return self.normalised(self.features(raw))

    def of_size(self, rows: int | None, columns: int | None, frames: int | None) -> Preprocess:
        """This description for an image of that size, filled by the same electrodes row by row, and for so
        many frames; None keeps what is there. Raises UsageError where the electrodes do not fill it."""
        grid = (rows or self.grid[0], columns or self.grid[1])
        if math.prod(grid) != len(self.electrodes):
            raise UsageError(
                f"an image of {grid[0]} x {grid[1]} has no place for exactly {len(self.electrodes)} electrodes",
                f"leave out input width and height: the data make {self.grid[0]} x {self.grid[1]}",
            )
        shown = frames if self.layout == "channels" and frames is not None else self.frames
        return dataclasses.replace(self, grid=grid, frames=shown)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        return description.to_dict(self)

    @classmethod
    def from_dict(cls, fields: object, source: str = "preprocessing") -> Preprocess:
        """The description in a mapping. Raises InputError that names `source` and the field."""
        return cls(**description.read_fields(cls, fields, source))

    def _laid_out(self, images: Single) -> Single:
        if self.layout == "raster":
            images = np.ascontiguousarray(
                images.reshape(len(images), self.frames, len(self.electrodes)).transpose(0, 2, 1)
            )
        return images.reshape(len(images), *self.input_shape)

    def _picked(self, raw: NDArray[Any]) -> Single:
        if raw.ndim != 2 or raw.shape[1] <= max(self.electrodes):
            raise InputError(
                f"the recording has shape {raw.shape}, the grid wants channel {max(self.electrodes)} of it",
                "samples are (samples, channels); check the electrode map",
            )
        index = np.asarray(self.electrodes)
        picked: Single = raw[:, np.maximum(index, 0)].astype(np.float32)
        picked[:, index == NO_ELECTRODE] = 0.0
        return picked


def load_preprocess(path: Path, base: Preprocess | None = None) -> Preprocess:
    """Read a description from a TOML file; fields it leaves out come from `base`, where there is one.

    Raises InputError that names the file and the field.
    """
    fields = bounded.toml(Path(path), description.HINT)
    return Preprocess.from_dict({**(_following(base, fields) if base else {}), **fields}, str(path))


def _following(base: Preprocess, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `base` that still make sense beside `fields`: samples as they are have no logarithm, and where
    they lie in rows or columns every one of a window is shown; an image of them has one frame."""
    kept = base.to_dict()
    image, layout = fields.get("image", base.image), fields.get("layout", base.layout)
    if "image" in fields and image in ("instant", "stacked"):
        kept["log_epsilon"] = None
    length = fields.get("window_ms", base.window_ms)
    rate = fields.get("sample_rate_hz", base.sample_rate_hz)
    timed = all(type(value) in (int, float) and 0 < value < 1e9 for value in (length, rate))
    if image == "stacked" and layout in ("raster", "column") and timed:
        kept["frames"] = max(1, round(length * rate / 1000))
    elif image != base.image:
        kept.update(frames=1, layout="channels")
    return kept
