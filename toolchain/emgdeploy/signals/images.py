"""Labelled windows of recordings, each set one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.signals.float32_math import Single
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.splits import Split


@dataclass(frozen=True)
class LabelledImages:
    """features: (N, C, H, W) float32 before normalisation; y: (N,) int64 classes, -1 for a window that holds more
    than one or none; recording: (N,) int64 index into the recordings they were made of."""

    features: Single
    y: NDArray[np.int64]
    recording: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)

    def take(self, indices: NDArray[np.int64]) -> LabelledImages:
        """The windows at `indices`."""
        return LabelledImages(self.features[indices], self.y[indices], self.recording[indices])

    def joined(self, other: LabelledImages, recordings: int) -> LabelledImages:
        """These and the windows of `other`, whose recordings follow on these `recordings`."""
        return LabelledImages(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.y, other.y]),
            np.concatenate([self.recording, other.recording + recordings]),
        )


def labelled_windows(
    recordings: Sequence[Recording], preprocess: Preprocess, every: bool = False
) -> LabelledImages:
    """The windows whose samples all belong to one class, or, where asked for, every window.

    Filters run over whole recordings, so a window sees what came before it, as on a device. Raises InputError
    when there is none of one class.
    """
    features, classes, origin = [], [], []
    for index, recording in enumerate(recordings):
        y = window_classes(recording.labels, preprocess)
        if (y >= 0).any():
            kept = (y >= 0) | every
            features.append(preprocess.features(recording.samples)[kept])
            classes.append(y[kept])
            origin.append(np.full(int(kept.sum()), index, np.int64))
    if not features:
        raise InputError(
            f"none of {len(recordings)} recordings has a labelled stretch of {preprocess.window_ms:g} ms",
            "shorten the window, or check that the recordings belong to this data set",
        )
    return LabelledImages(np.concatenate(features), np.concatenate(classes), np.concatenate(origin))


def without_windows(recordings: Sequence[Recording], preprocess: Preprocess) -> list[str]:
    """Titles of the recordings that give no labelled window."""
    return [r.title for r in recordings if not (window_classes(r.labels, preprocess) >= 0).any()]


def divided_windows(
    recordings: Sequence[Recording], split: Split, preprocess: Preprocess
) -> tuple[LabelledImages, LabelledImages]:
    """Training windows of a split, and every window of its test recordings, -1 where it is of no one class.

    Of a split that leaks, the windows of one class. Raises as `labelled_windows` does.
    """
    if not split.leaks:
        train = labelled_windows([recordings[i] for i in split.train], preprocess)
        return train, labelled_windows([recordings[i] for i in split.test], preprocess, every=True)
    everything = labelled_windows(recordings, preprocess)
    order = np.random.default_rng([split.seed, 7]).permutation(len(everything))
    test_count = min(max(1, round(split.test_share * len(order))), max(1, len(order) - 1))
    return everything.take(np.sort(order[test_count:])), everything.take(np.sort(order[:test_count]))


def window_classes(labels: NDArray[np.int64], preprocess: Preprocess) -> NDArray[np.int64]:
    """(S,) classes of samples -> (N,) classes of windows, -1 where a window holds more than one."""
    first = preprocess.starts(len(labels))
    changes = np.concatenate([[0], np.cumsum(labels[1:] != labels[:-1])])
    pure = changes[first] == changes[first + preprocess.window_samples - 1]
    return np.where(pure, labels[first], -1)
