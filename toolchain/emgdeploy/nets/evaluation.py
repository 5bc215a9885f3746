"""Testing a network on recordings: its own test trials, or others that it has never seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError
from emgdeploy.nets import train
from emgdeploy.nets.checkpoint import Checkpoint
from emgdeploy.nets.live import Live
from emgdeploy.nets.metrics import Score, score
from emgdeploy.nets.weights import class_count
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.images import divided_windows, labelled_windows
from emgdeploy.signals.matching import Matched, at_rate, match
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset
from emgdeploy.signals.splits import NoTestSide, NoTrainingSide, Split
from emgdeploy.signals.windowfile import Windows

if TYPE_CHECKING:
    from torch import nn


def evaluate(network: nn.Module, windows: Windows, classes: int) -> Score:
    """How often the float network is right on labelled windows."""
    predicted = train.predict(network, np.asarray(windows.x, np.float32)).argmax(axis=1)
    return score(classes_of(windows), predicted.astype(np.int64), classes)


def matched(checkpoint: Checkpoint, preprocess: Preprocess | None, dataset: Dataset) -> Matched:
    """Recordings for a checkpoint, preprocessed as it says, else as `preprocess`, which was written for them.

    Raises InputError when nobody says how, or when the recordings are not for this checkpoint.
    """
    if checkpoint.preprocess is not None:
        return match(dataset, checkpoint.preprocess, checkpoint.acquisition, checkpoint.labels)
    if preprocess is None:
        raise InputError(
            "the checkpoint brings no preprocessing, so nobody knows how to make its windows",
            "describe it with --preprocess FILE.toml",
        )
    return at_rate(dataset, preprocess)


def divided(choice: DataChoice, dataset: Dataset, asked: bool = False) -> Split:
    """The split of a choice; recordings that cannot be divided are a test as a whole.

    asked: by the user, who is then told where nothing is left for the test.
    """
    try:
        return choice.divide(dataset)
    except (NoTrainingSide, NoTestSide) as error:
        if asked and isinstance(error, NoTestSide):
            raise
        return Split("none", (), tuple(range(len(dataset.recordings))))


def test_side(choice: DataChoice, dataset: Dataset, preprocess: Preprocess) -> Live:
    """The test trials of a choice as windows, see `divided`."""
    split = divided(choice, dataset)
    tested = [dataset.recordings[i] for i in split.test]
    if split.leaks:
        test = divided_windows(dataset.recordings, split, preprocess)[1]
    else:
        test = labelled_windows(tested, preprocess, every=True)
    return Live.of(test, preprocess, dataset.labels, tested)


def label_names(checkpoint: Checkpoint, windows: Windows, place: str = "the windows") -> tuple[str, ...]:
    """A name for each class of the checkpoint: its own, the window file's, or numbers.

    Raises InputError, which begins with `place`, when the windows have another number of classes.
    """
    classes = class_count(checkpoint.network, checkpoint.input_shape, checkpoint.name)
    known = checkpoint.labels or windows.labels or tuple(f"class {index}" for index in range(classes))
    highest = int(classes_of(windows).max())
    if len(known) != classes or highest >= classes:
        what = f"y holds class {highest}" if highest >= classes else f"there are {len(known)} labels"
        raise InputError(
            f"{place}: {what}, the checkpoint has the classes 0 to {classes - 1}",
            "count classes from 0 in the order of its labels, or add `labels`, by which they are matched",
        )
    return known


def classes_of(windows: Windows) -> NDArray[np.int64]:
    """(N,) the class of each window. Raises InputError where the windows carry none."""
    if windows.y is None:
        raise InputError("the windows carry no classes", "give windows with y")
    return windows.y
