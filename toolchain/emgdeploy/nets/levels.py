"""How strong each electrode is in a window, and what training windows say about it class by class.

Where an array lies shows in which electrodes are strong together. Levels are logarithms of amplitudes: a change of gain
or effort moves all of them alike, whatever the network itself looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.nets.discriminant import GAIN, NOISE
from emgdeploy.signals.placement import arrays
from emgdeploy.signals.preprocess import NO_ELECTRODE, Preprocess

# Of the usual amplitude: what is weaker is noise of the converter.
_FLOOR = 0.05
_MOST_LEVELS = 4096


def amplitudes(features: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.float64]:
    """(N, frames, rows, columns) before normalisation -> (N, electrodes) mean amplitude, in the samples' unit."""
    flat = features.reshape(len(features), preprocess.frames, -1)
    if preprocess.log_epsilon is not None:
        return np.asarray(np.exp(flat.mean(axis=1, dtype=np.float64)), np.float64)
    return np.asarray(np.abs(flat).mean(axis=1, dtype=np.float64), np.float64)


@dataclass(frozen=True)
class Levels:
    """Gaussians of the levels of training windows, one for each class.

    array: rows and columns of one electrode array of `grid`; floor: added to amplitudes, in their unit; shares: (K,)
    of the classes; means: (K, E); covariance: (E, E) within classes; spread: deviation of a level on the whole.
    """

    grid: tuple[int, int]
    array: tuple[int, int]
    floor: float
    shares: NDArray[np.float64]
    means: NDArray[np.float64]
    covariance: NDArray[np.float64]
    spread: float

    @classmethod
    def of(
        cls,
        features: NDArray[np.float32],
        y: NDArray[np.int64],
        classes: int,
        preprocess: Preprocess,
        array: tuple[int, int] | None = None,
    ) -> Levels:
        """Of training windows (N, frames, rows, columns) before normalisation, of classes y (N,)."""
        strength = amplitudes(features, preprocess)
        floor = _FLOOR * float(np.median(strength)) or 1e-6
        x = _levels(strength, floor, preprocess)
        means, shares = np.zeros((classes, x.shape[1])), np.zeros(classes)
        for c in range(classes):
            if (y == c).any():
                means[c], shares[c] = x[y == c].mean(axis=0), float((y == c).mean())
        apart = x - means[y]
        spread = float(np.sqrt(x.var(axis=0).mean())) or 1.0
        return cls(
            preprocess.grid, array or preprocess.grid, floor, shares, means, apart.T @ apart / len(x), spread
        )

    def levels(self, features: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.float64]:
        """(N, frames, rows, columns) before normalisation -> (N, E) levels; NaN where there is no electrode."""
        return _levels(amplitudes(features, preprocess), self.floor, preprocess)

    def whitened(self, places: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For some of the electrodes, (e,): whitener (e, e), in whose coordinates windows of a class lie around its
        mean with deviation 1, and these means (K, e) of the classes that there are."""
        wide = self.covariance[np.ix_(places, places)] + (NOISE * self.spread) ** 2 * np.eye(len(places))
        wide += (GAIN * self.spread) ** 2
        whitener = np.linalg.inv(np.linalg.cholesky(wide)).T
        return whitener, self.means[self.shares > 0][:, places] @ whitener

    def usual(self, places: NDArray[np.int64]) -> float:
        """How likely windows of the training are in these coordinates, logarithm, mean, up to what `whitened` leaves
        out: each held against the mixture of all classes, of which one is near."""
        whitener, means = self.whitened(places)
        own = self.covariance[np.ix_(places, places)]
        return float(-0.5 * np.trace(whitener.T @ own @ whitener) - np.log(len(means)))

    def to_dict(self) -> dict[str, Any]:
        """For a checkpoint's notes; `from_dict` takes it back."""
        return {
            "grid": list(self.grid),
            "array": list(self.array),
            "floor": self.floor,
            "spread": self.spread,
            "shares": self.shares.tolist(),
            "means": self.means.tolist(),
            "covariance": self.covariance.tolist(),
        }

    @classmethod
    def from_dict(cls, fields: object, preprocess: Preprocess | None) -> Levels | None:
        """Those in a checkpoint's notes; None where there are none for that preprocessing, or they make no sense."""
        if not isinstance(fields, Mapping) or preprocess is None:
            return None
        try:
            grid, array = (tuple(map(int, fields[name])) for name in ("grid", "array"))
            shares, means, covariance = (
                np.asarray(fields[name], np.float64) for name in ("shares", "means", "covariance")
            )
            found = cls(
                (grid[0], grid[1]),
                (array[0], array[1]),
                float(fields["floor"]),
                shares,
                means,
                covariance,
                float(fields["spread"]),
            )
            arrays(found.grid, found.array)
            return found if found._fits(preprocess) else None
        except Exception:  # whatever another's notes hold is no reference
            return None

    def _fits(self, preprocess: Preprocess) -> bool:
        count = len(preprocess.electrodes)
        numbers = (self.shares, self.means, self.covariance, np.array([self.floor, self.spread]))
        return (
            self.grid == preprocess.grid
            and count <= _MOST_LEVELS
            and self.shares.ndim == 1
            and self.means.shape == (len(self.shares), count)
            and self.covariance.shape == (count, count)
            and all(np.isfinite(values).all() for values in numbers)
            and min(self.floor, self.spread) > 0
            and bool((self.shares > 0).any())
            and float(np.linalg.eigvalsh(self.covariance)[0]) >= -1e-6 * self.spread**2
        )


def _levels(strength: NDArray[np.float64], floor: float, preprocess: Preprocess) -> NDArray[np.float64]:
    """(N, E) logarithms; where there is no electrode, the mean of the others, which says nothing."""
    found = np.log(strength + floor)
    missing = np.asarray(preprocess.electrodes) == NO_ELECTRODE
    if missing.any():
        found[:, missing] = found[:, ~missing].mean(axis=1, keepdims=True)
    return found
