"""Placement and head from a few windows of each gesture, and what they can be expected to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.calibrate.head import Head
from emgdeploy.calibrate.prior import Prior
from emgdeploy.errors import InputError
from emgdeploy.nets.discriminant import Discriminant, Moments
from emgdeploy.nets.metrics import Score, score

# Chosen on training folders alone, by benchmarks/calibration.py: what the new windows count beside the old ones, and
# how far the covariance is widened.
MEAN_SHARE, COVARIANCE_SHARE, NOISE, GAIN = 0.5, 0.5, 0.25, 0.0
FOLDS = 4
LEAST_WINDOWS = 8


@dataclass(frozen=True)
class Solved:
    """model: with the new head. expected: accuracy on windows of the recording that did not calibrate, fold by fold;
    before: of the model as it was, on the same windows; kept: of its int8 form, on all of them."""

    model: Head
    discriminant: Discriminant
    expected: Score
    before: Score
    kept: Score


def solve(
    head: Head,
    prior: Prior,
    windows: tuple[NDArray[Any], NDArray[Any]],
    y: NDArray[np.int64],
    ends: tuple[float, int],
) -> Solved:
    """windows: device integers (N, *shape) with the array as it was taken for so far, and put right; y: (N,) classes.

    Raises InputError where a gesture that the model knows has fewer than LEAST_WINDOWS windows, but some.
    """
    classes = len(prior.moments.shares)
    _check(y, classes)
    before = score(y, head.answers(windows[0], *ends).argmax(axis=1).astype(np.int64), classes)
    x = head.features(windows[1], *ends)
    if x.shape[1] != prior.moments.means.shape[1]:
        raise InputError("what the build knows of its recordings is of another model", "build it again")
    predicted = np.empty_like(y)
    for fold in _folds(y):
        predicted[fold] = _fitted(prior, x[~fold], y[~fold]).classes(x[fold])
    found = _fitted(prior, x, y)
    everything = np.concatenate([x, prior.moments.means])
    model = head.replaced(found, everything)
    kept = score(y, model.answers(windows[1], *ends).argmax(axis=1).astype(np.int64), classes)
    return Solved(model, found, score(y, predicted, classes), before, kept)


def _fitted(prior: Prior, x: NDArray[np.float64], y: NDArray[np.int64]) -> Discriminant:
    own = Moments.of(x, y, len(prior.moments.shares)).after(prior.moments, MEAN_SHARE, COVARIANCE_SHARE)
    return own.solve(np.full(x.shape[1], prior.amplitudes), NOISE, GAIN)


def _folds(y: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Of each class's windows, in the order of recording, each quarter once: neighbours are nearly the same."""
    number = np.zeros(len(y), np.int64)
    for c in np.unique(y):
        own = np.flatnonzero(y == c)
        number[own] = np.arange(len(own)) * FOLDS // len(own)
    return [number == fold for fold in range(FOLDS)]


def _check(y: NDArray[np.int64], classes: int) -> None:
    counts = np.bincount(y, minlength=classes)
    if not (counts > 0).sum() > 1 or counts[counts > 0].min() < LEAST_WINDOWS:
        few = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
        raise InputError(
            f"there are {counts[few]} windows of class {few}; each gesture needs {LEAST_WINDOWS} at least, and there "
            "must be two gestures",
            "record each gesture for a second or more",
        )
