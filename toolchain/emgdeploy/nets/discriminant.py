"""Linear discriminant analysis, regularized: the classifier that every network has to beat.

R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; for myoelectric control K. Englehart
and B. Hudgins, "A robust, real-time control scheme for multifunction myoelectric control", 2003. The covariance is
widened by what windows of another minute differ in: noise of every feature by itself, and effort, which moves the
logarithms of all amplitudes together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Deviations, in units of what the features vary by on the whole.
NOISE, GAIN = 0.5, 0.4
_UNSEEN = 20.0


@dataclass(frozen=True)
class Discriminant:
    """logits = x @ weights.T + bias; weights: (K, D), bias: (K,) float64. A class without a window has no chance."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def logits(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N, D) -> (N, K)."""
        return np.asarray(features, np.float64) @ self.weights.T + self.bias

    def classes(self, features: NDArray[np.floating]) -> NDArray[np.int64]:
        """(N, D) -> (N,) the likeliest class of each."""
        return np.asarray(self.logits(features).argmax(axis=1), np.int64)


@dataclass(frozen=True)
class Moments:
    """What windows say: shares (K,) of the classes, means (K, D), covariance (D, D) within classes, and the mean
    deviation of a feature on the whole. A class without a window has the share 0."""

    shares: NDArray[np.float64]
    means: NDArray[np.float64]
    covariance: NDArray[np.float64]
    spread: float

    @classmethod
    def of(cls, features: NDArray[np.floating], y: NDArray[np.int64], classes: int) -> Moments:
        """Of features (N, D) of classes y (N,), 0 to `classes` - 1."""
        x = np.asarray(features, np.float64)
        means, shares = np.zeros((classes, x.shape[1])), np.zeros(classes)
        within = np.zeros((x.shape[1], x.shape[1]))
        for c in range(classes):
            own = x[y == c]
            if len(own):
                means[c], shares[c] = own.mean(axis=0), len(own) / len(x)
                within += (own - means[c]).T @ (own - means[c])
        return cls(shares, means, within / len(x), float(np.sqrt(x.var(axis=0).mean())) or 1.0)

    def after(self, prior: Moments, mean_share: float, covariance_share: float) -> Moments:
        """These, of a few new windows, on the ground of many old ones: shares are those of the new in the mix.

        Deviations that are added stay in units of the old windows. A class that has no new window is the old one's.
        """
        seen = (self.shares > 0) & (prior.shares > 0)
        means = np.where((self.shares > 0)[:, None], self.means, prior.means)
        means[seen] = mean_share * self.means[seen] + (1 - mean_share) * prior.means[seen]
        covariance = covariance_share * self.covariance + (1 - covariance_share) * prior.covariance
        return Moments(np.where(prior.shares > 0, prior.shares, self.shares), means, covariance, prior.spread)

    def solve(
        self, amplitudes: NDArray[np.bool_] | None = None, noise: float = NOISE, gain: float = GAIN
    ) -> Discriminant:
        """The discriminant; see `fit`."""
        noise, gain = noise * self.spread, gain * self.spread
        count = self.means.shape[1]
        together = np.zeros(count) if amplitudes is None else gain * amplitudes.astype(np.float64)
        covariance = self.covariance + noise**2 * np.eye(count) + np.outer(together, together)
        weights = np.asarray(np.linalg.solve(covariance, self.means.T).T, np.float64)
        seen = self.shares > 0
        bias = np.log(np.where(seen, self.shares, 1.0)) - 0.5 * (weights * self.means).sum(axis=1)
        # A class that was never seen is always behind one that was, by a step that int8 ranges survive.
        first = int(seen.argmax())
        weights[~seen], bias[~seen] = weights[first], bias[first] - _UNSEEN
        return Discriminant(weights, np.asarray(bias, np.float64))


def fit(
    features: NDArray[np.floating],
    y: NDArray[np.int64],
    classes: int,
    amplitudes: NDArray[np.bool_] | None = None,
    noise: float = NOISE,
    gain: float = GAIN,
) -> Discriminant:
    """Solve for features (N, D) of classes y (N,), 0 to `classes` - 1; no seed, no iteration.

    amplitudes: (D,) which features are logarithms of an amplitude, and move together with effort; None: none of
    them. noise, gain: deviations that are added, in units of the features' mean deviation. The logits are log
    probabilities of the classes but for what all have in common, so that softmax gives probabilities.
    """
    return Moments.of(features, y, classes).solve(amplitudes, noise, gain)
