"""Recordings as windows of a build, with the array as it was taken for and put right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.nets import placing
from emgdeploy.nets.align import Alignment
from emgdeploy.nets.levels import Levels
from emgdeploy.signals.images import LabelledImages, labelled_windows
from emgdeploy.signals.placement import Placement
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Recording


@dataclass(frozen=True)
class Recorded:
    """as_it_was, put_right: (N, *window shape) float32; y: (N,) int64 classes. alignment: None where it was given."""

    as_it_was: NDArray[np.float32]
    put_right: NDArray[np.float32]
    y: NDArray[np.int64]
    placement: Placement
    alignment: Alignment | None


def recorded(
    recordings: Sequence[Recording],
    preprocess: Preprocess,
    levels: Levels | None,
    placement: str,
    seconds: float | None,
) -> Recorded:
    """The labelled windows of recordings; seconds: of each gesture no more than this, None all; placement: `auto`, or a
    value.

    Raises InputError where there is no labelled window, or `auto` has nothing to go by.
    """
    images = _first(labelled_windows(recordings, preprocess), preprocess, seconds)
    found = None
    if placement == placing.AUTO:
        if levels is None:
            raise InputError(
                "the build does not know how strong each electrode was in training, so a placement cannot be found",
                "train and build again, or say --placement none or its value",
            )
        # Without labels: a wrong gesture in the recording must not turn the array.
        found = placing.find_in(levels, images.features, preprocess)
    where = found.placement if found is not None else Placement.parse(placement)
    moved = _moved(images.features, where, preprocess, levels)
    return Recorded(
        preprocess.normalised(images.features), preprocess.normalised(moved), images.y, where, found
    )


def _moved(
    features: NDArray[np.float32], where: Placement, preprocess: Preprocess, levels: Levels | None
) -> NDArray[np.float32]:
    """Features (N, frames, rows, columns) with each place showing what `where` says: every step before the
    normalisation is of one electrode by itself."""
    array = preprocess.grid if levels is None else levels.array
    shown = where.places(preprocess.grid, array)
    flat = features.reshape(len(features), preprocess.frames, -1)[:, :, shown]
    return np.ascontiguousarray(flat.reshape(features.shape))


def _first(images: LabelledImages, preprocess: Preprocess, seconds: float | None) -> LabelledImages:
    """The first so many seconds of each gesture."""
    if seconds is None:
        return images
    whole = preprocess.window_samples / preprocess.sample_rate_hz
    stride = preprocess.stride_samples / preprocess.sample_rate_hz
    count = max(1, int((seconds - whole) / stride + 1e-9) + 1)
    kept = [np.flatnonzero(images.y == c)[:count] for c in np.unique(images.y)]
    return images.take(np.sort(np.concatenate(kept)))
