"""A new session from one second of each gesture: how much the old session should count, and what that reaches.

    .venv/bin/python benchmarks/calibration.py --shared FOLDER

An LDA of flexemg's session 1 is calibrated on session 3, of subjects 1 and 2. Chosen on training folders alone: each
training trial of session 3 in turn calibrates, with a second of each gesture and as a whole, the other training
trials test. Reported on the test folders: each
training trial calibrates, the test trials test. Both lists of trials are in the output, and what was chosen. A JSON
line for each, then the table as Markdown.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from heldout import table
from numpy.typing import NDArray
from placement import title

from emgdeploy.nets import align
from emgdeploy.nets.discriminant import Discriminant, Moments
from emgdeploy.nets.levels import Levels
from emgdeploy.signals import datasets
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.images import LabelledImages, labelled_windows
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Recording

_ROOT = Path(__file__).parents[1]
_SUBJECTS = ((1, "flexemg"), (2, "flexemg_more"))
_SECOND = 19  # windows of 100 ms every 50 ms
GRID = {
    "mean_share": (0.3, 0.5, 0.7, 0.85),
    "covariance_share": (0.0, 0.25, 0.5),
    "noise": (0.2, 0.25, 0.35, 0.5),
    "gain": (0.0, 0.1, 0.2, 0.4),
}


@dataclass(frozen=True)
class Trial:
    """One recording as windows: features before normalisation, and model input as vectors of image values."""

    name: str
    images: LabelledImages

    def first(self, count: int | None) -> NDArray[np.int64]:
        """Indices of the first windows of each class, `count` of each, None for all."""
        y = self.images.y
        return np.concatenate([np.flatnonzero(y == c)[:count] for c in range(int(y.max()) + 1)])


@dataclass(frozen=True)
class Person:
    """What session 1 says, and the trials of both sessions."""

    subject: int
    how: Preprocess
    levels: Levels
    prior: Moments
    classes: int
    old: tuple[Trial, ...]
    train: tuple[Trial, ...]
    test: tuple[Trial, ...]

    def values(
        self, trials: Sequence[Trial], kept: list[NDArray[np.int64]], shown: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Normalised image values (N, electrodes) with the electrodes rearranged, and the classes (N,)."""
        parts = [t.images.take(k) for t, k in zip(trials, kept, strict=True)]
        x = np.concatenate([self.how.normalised(p.features).reshape(len(p), -1) for p in parts])
        return x[:, shown].astype(np.float64), np.concatenate([p.y for p in parts])

    def placed(self, trials: Sequence[Trial], kept: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        """Where the array lies, found without labels in the windows that calibrate."""
        features = [t.images.take(k).features for t, k in zip(trials, kept, strict=True)]
        levels = self.levels.levels(np.concatenate(features), self.how)
        return align.estimate(self.levels, levels).placement.places(self.how.grid, self.levels.array)


def person(shared: Path, subject: int, folder: str) -> Person:
    """Both sessions of one subject."""
    first, third = (DataChoice("flexemg", (subject,), (n,)).load(shared / "data" / folder) for n in (1, 3))
    how = datasets.default_preprocess(first)

    def trials(recordings: Sequence[Recording], part: str) -> tuple[Trial, ...]:
        return tuple(Trial(title(r), labelled_windows([r], how)) for r in recordings if r.part == part)

    learn = labelled_windows([r for r in first.recordings if r.part == "train"], how)
    fitted, classes = how.fit(learn.features), len(first.labels)
    levels = Levels.of(learn.features, learn.y, classes, fitted)
    prior = Moments.of(fitted.normalised(learn.features).reshape(len(learn), -1), learn.y, classes)
    old, train, test = (
        trials(first.recordings, "test"),
        trials(third.recordings, "train"),
        trials(third.recordings, "test"),
    )
    return Person(subject, fitted, levels, prior, classes, old, train, test)


@dataclass(frozen=True)
class Taken:
    """Windows that calibrate, put right, and where the array lay."""

    x: NDArray[np.float64]
    y: NDArray[np.int64]
    shown: NDArray[np.int64]


def taken(one: Person, trials: Sequence[Trial], count: int | None) -> Taken:
    """The first `count` windows of each gesture of these trials, all where None."""
    kept = [trial.first(count) for trial in trials]
    shown = one.placed(trials, kept)
    return Taken(*one.values(trials, kept, shown), shown)


def solved(one: Person, windows: Taken, how: dict[str, float]) -> Discriminant:
    """The head after these windows."""
    own = Moments.of(windows.x, windows.y, one.classes)
    mixed = own.after(one.prior, how["mean_share"], how["covariance_share"])
    return mixed.solve(np.ones(windows.x.shape[1], bool), how["noise"], how["gain"])


def accuracy(one: Person, head: Discriminant, trials: Sequence[Trial], shown: NDArray[np.int64]) -> float:
    """Share of the windows of these trials that are right."""
    x, y = one.values(trials, [trial.first(None) for trial in trials], shown)
    return float((head.classes(x) == y).mean())


def chosen(people: Sequence[Person]) -> tuple[dict[str, float], float]:
    """The settings that reach most on training trials that did not calibrate: mean over people, over 1 s and one
    trial, and over the trials."""
    cases = [
        (one, taken(one, [trial], count), [other for other in one.train if other is not trial])
        for one in people
        for count in (_SECOND, None)
        for trial in one.train
    ]
    weight = [1 / len(one.train) for one, _, _ in cases]
    tests = [one.values(t, [x.first(None) for x in t], windows.shown) for one, windows, t in cases]
    best: tuple[float, dict[str, float]] = (-1.0, {})
    for values in product(*GRID.values()):
        how = dict(zip(GRID, values, strict=True))
        right = [
            float((solved(one, windows, how).classes(x) == y).mean())
            for (one, windows, _), (x, y) in zip(cases, tests, strict=True)
        ]
        if (mean := float(np.average(right, weights=weight))) > best[0]:
            best = mean, how
    return best[1], best[0]


def rows(one: Person, how: dict[str, float]) -> Iterator[dict[str, Any]]:
    """What is reached on the test folder after 1 s of each gesture, one and three trials, and on session 1 again."""
    for name, count, trials in (
        ("1 s of each gesture", _SECOND, 1),
        ("1 trial", None, 1),
        ("3 trials", None, 3),
    ):
        now, back = [], []
        own = np.arange(len(one.how.electrodes))
        for start in range(len(one.train)):
            used = [one.train[(start + i) % len(one.train)] for i in range(trials)]
            windows = taken(one, used, count)
            head = solved(one, windows, how)
            now.append(accuracy(one, head, one.test, windows.shown))
            back.append(accuracy(one, head, one.old, own))
        yield {
            "subject": one.subject,
            "after": name,
            "mean": float(np.mean(now)),
            "lowest": min(now),
            "session 1 again": float(np.mean(back)),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--shared", type=Path, default=_ROOT.parent / "shared", help="where the recordings lie"
    )
    parser.add_argument("--settings", type=json.loads, help="JSON; leaves the choice out")
    options = parser.parse_args()
    people = [person(options.shared, subject, folder) for subject, folder in _SUBJECTS]
    trials = {
        "chosen_on": sorted(t.name for one in people for t in one.train),
        "reported_on": sorted(t.name for one in people for t in (*one.test, *one.old)),
    }
    how, reached = (options.settings, None) if options.settings else chosen(people)
    print(json.dumps({"settings": how, "inner_accuracy": reached, **trials}), flush=True)
    found = [row for one in people for row in rows(one, how)]
    for row in found:
        print(json.dumps(row), flush=True)
    print(table(found, {"subject": "subject", "after": "after"}, ("mean", "lowest", "session 1 again")))


if __name__ == "__main__":
    main()
