"""Features of windows for classifiers that do not learn their own.

An image of amplitudes is its own features. Of raw samples the four that B. Hudgins, P. Parker and R. N. Scott
("A new strategy for multifunction myoelectric control", 1993) made usual: mean absolute value, waveform length, zero
crossings and slope sign changes of each electrode; the first two as logarithms, whose distribution is nearer to a
Gaussian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.signals.preprocess import Preprocess

IMAGE, HUDGINS = "image", "hudgins"
_LEAST = 1e-6


@dataclass(frozen=True)
class Features:
    """kind: IMAGE or HUDGINS; amplitudes: (D,) which are logarithms of an amplitude. mean, std: (D,) by which
    all are normalised."""

    kind: str
    amplitudes: NDArray[np.bool_]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    def of(self, windows: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.float64]:
        """Model input (N, C, H, W), made by `preprocess` -> (N, D), normalised."""
        return (_raw(self.kind, windows, preprocess) - self.mean) / self.std

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` takes it back."""
        return {
            "kind": self.kind,
            "amplitudes": self.amplitudes.tolist(),
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Features:
        """Raises ValueError, TypeError or KeyError for anything that `to_dict` did not write."""
        if fields["kind"] not in (IMAGE, HUDGINS):
            raise ValueError("no such features")
        numbers = [np.asarray(fields[name], np.float64) for name in ("mean", "std")]
        return cls(fields["kind"], np.asarray(fields["amplitudes"], bool), *numbers)


def learn(windows: NDArray[np.float32], preprocess: Preprocess) -> Features:
    """Which features training windows (N, C, H, W) have, and their normalisation."""
    kind = HUDGINS if is_raw(preprocess) else IMAGE
    found = _raw(kind, windows, preprocess)
    amplitudes = np.full(found.shape[1], preprocess.log_epsilon is not None)
    if kind == HUDGINS:
        amplitudes = np.arange(found.shape[1]) < found.shape[1] // 2
    if kind == IMAGE:  # normalised as the preprocessing says, as the network sees it
        return Features(kind, amplitudes, np.zeros(found.shape[1]), np.ones(found.shape[1]))
    std = found.std(axis=0)
    return Features(kind, amplitudes, found.mean(axis=0), np.where(std > _LEAST, std, 1.0))


def is_raw(preprocess: Preprocess) -> bool:
    """Whether a window holds samples over time, not amplitudes."""
    return preprocess.image == "stacked" and preprocess.frames > 2


def _raw(kind: str, windows: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.float64]:
    flat = windows.reshape(len(windows), -1)
    return hudgins(_over_time(flat, preprocess)) if kind == HUDGINS else flat.astype(np.float64)


def _over_time(flat: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.float32]:
    """(N, values of a window) -> (N, frames, electrodes)."""
    ordered = np.empty_like(flat)
    ordered[:, preprocess.feature_order] = flat
    return ordered.reshape(len(flat), preprocess.frames, -1)


def hudgins(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, S, E) samples -> (N, 4 * E): ln mean absolute value, ln waveform length, zero crossings, slope sign
    changes, each of all electrodes. The last two are shares of the pairs of neighbours."""
    steps = np.diff(samples, axis=1)
    value = np.log(np.abs(samples).mean(axis=1, dtype=np.float64) + _LEAST)
    length = np.log(np.abs(steps).mean(axis=1, dtype=np.float64) + _LEAST)
    crossings = (np.signbit(samples[:, 1:]) != np.signbit(samples[:, :-1])).mean(axis=1)
    turns = (np.signbit(steps[:, 1:]) != np.signbit(steps[:, :-1])).mean(axis=1)
    return np.concatenate([value, length, crossings, turns], axis=1)
