"""Where calibration windows come from: a file, a data set, or the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.source import Source
from emgdeploy.errors import InputError, UsageError
from emgdeploy.signals import leaks
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.traces import Trace
from emgdeploy.signals.windowfile import Windows

SIMULATED_WINDOWS = 200
_SEED = 20
_APART = "give other windows with --windows: an accuracy on those that set the ranges says too much"


LEARNED = "learned"


@dataclass(frozen=True)
class Settings:
    """How int8 ranges are chosen: by which of `methods.METHODS`, on at most how many windows.

    Ranges settle within a few hundred windows; every further one costs time in every build.
    asked: whether somebody asked for this method by name. activations: int8, or int16 with int8 weights.
    """

    method: str = "percentile"
    size: int = 300
    asked: bool = False
    activations: str = "int8"


@dataclass(frozen=True)
class Calibration:
    """How they were chosen: a method, or `LEARNED` in training; on how many windows, none where learned;
    and whether these were simulated."""

    method: str
    windows: int
    simulated: bool

    def __str__(self) -> str:
        if self.method == LEARNED:
            return "ranges as the model brings them"
        return (
            f"ranges by {self.method} on {self.windows} {'simulated' if self.simulated else 'real'} windows"
        )


@dataclass(frozen=True)
class FromDataset:
    """Windows of a data set, cut as the model's own preprocessing says: its training part calibrates,
    its test part fills the ledger. Which trials these are, the model's notes on its training decide.

    preprocess: for models that bring none.
    """

    name: str
    folder: Path | None = None
    preprocess: Preprocess | None = None

    def windows(self, origin: Source) -> tuple[Windows, Windows]:
        """(training, test). Raises UsageError without preprocessing, InputError for bad recordings."""
        from emgdeploy.signals.images import divided_windows
        from emgdeploy.signals.matching import at_rate, match

        preprocess = origin.preprocess or self.preprocess
        if preprocess is None:
            raise UsageError(
                f"{origin.name} does not say how its windows are made from recordings",
                "describe it with --preprocess FILE.toml, or give ready windows with --calibration FILE.npz",
            )
        choice = self._choice(origin)
        dataset = choice.load(self.folder)
        leaks.refuse_shared(dataset.recordings, choice.divide(dataset), 0, dataset.electrodes)
        if origin.preprocess is None:
            matched = at_rate(dataset, preprocess)
        else:
            matched = match(dataset, preprocess, origin.acquisition, origin.labels)
        dataset, preprocess = matched.dataset, matched.preprocess
        split = choice.divide(dataset)
        parts = []
        for images in divided_windows(dataset.recordings, split, preprocess):
            chosen = images.take(np.flatnonzero(images.y >= 0))
            parts.append(Windows(preprocess.normalised(chosen.features), chosen.y, dataset.labels))
        return parts[0], parts[1]

    def _choice(self, origin: Source) -> DataChoice:
        """The trials the model was trained on, where it says so: its test trials stay unseen."""
        noted = origin.training.get("data")
        if noted is not None:
            choice = DataChoice.from_dict(noted, origin.name)
            if choice.dataset == self.name:
                return choice
        return DataChoice(self.name)


@dataclass(frozen=True)
class Chosen:
    """calibration (N, *window shape) float32; x, y: the ledger's windows and their classes, if known.

    representative: the ledger's windows are like those the device will see, as far as anyone can tell:
    labelled test windows, or those of the calibration.
    """

    calibration: NDArray[np.float32]
    x: NDArray[np.float32]
    y: NDArray[np.int64] | None
    simulated: bool
    representative: bool


def choose(
    origin: Source,
    given: NDArray[np.float32] | FromDataset | None,
    test: Windows | None,
    ledger_windows: int,
    size: int,
) -> Chosen:
    """The windows to calibrate on, `size` at most, and to compare on. Raises InputError when they do not fit the model."""
    if isinstance(given, FromDataset):
        training, own_test = given.windows(origin)
        given, test = training.x, test or own_test
    simulated = given is None
    windows = simulated_windows(origin.window_shape, origin.preprocess) if given is None else given
    calibration = evenly(_checked(windows, origin, "calibration"), size)
    if test is None:
        return Chosen(calibration, calibration, None, simulated, representative=True)
    windows = _checked(test.x, origin, "test")
    if not simulated:
        leaks.refuse_windows(Trace.of_all(calibration), windows, "also among the calibration windows", _APART)
    x = evenly(windows, ledger_windows)
    test = test.named_as(origin.labels, "test windows")
    y = None if test.y is None else evenly(test.y, ledger_windows)
    return Chosen(calibration, x, y, simulated, representative=y is not None)


def simulated_windows(shape: tuple[int, ...], preprocess: Preprocess | None) -> NDArray[np.float32]:
    """Simulated muscle activity for any input shape, as `preprocess` makes windows of it: (N, *shape)."""
    from emgdeploy.signals import simulated

    x, _ = simulated.windows(shape, SIMULATED_WINDOWS, _SEED, preprocess)
    return np.asarray(x, np.float32).reshape(len(x), *shape)


def evenly(items: NDArray[Any], most: int) -> NDArray[Any]:
    """At most `most` of the items, spread evenly over all of them."""
    if len(items) <= most:
        return items
    return items[np.linspace(0, len(items) - 1, most).round().astype(np.int64)]


def _checked(windows: NDArray[np.float32], origin: Source, role: str) -> NDArray[np.float32]:
    if windows.ndim < 1 or windows.shape[1:] != origin.window_shape or len(windows) == 0:
        wanted = ", ".join(str(size) for size in origin.window_shape)
        raise InputError(
            f"{role} windows have shape {windows.shape}, the model takes (N, {wanted})",
            "make the windows with the preprocessing of this model",
        )
    windows = np.asarray(windows, np.float32)
    if not bool(np.isfinite(windows).all()):
        raise InputError(f"a {role} window holds a value that is not finite", "drop or repair that window")
    return windows
