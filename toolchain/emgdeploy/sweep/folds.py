"""What a candidate reaches: trained and tested on folds of the training trials alone, in int8."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.convert.ledger import Gates
from emgdeploy.convert.pipeline import convert_source, int8_logits
from emgdeploy.convert.source import of_checkpoint
from emgdeploy.errors import UsageError
from emgdeploy.nets import experiment, registry
from emgdeploy.nets.checkpoint import Checkpoint
from emgdeploy.nets.evaluation import classes_of
from emgdeploy.nets.experiment import Model, Outcome, Task
from emgdeploy.nets.metrics import Score, pooled, score
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals import datasets
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset
from emgdeploy.signals.splits import Division, Split
from emgdeploy.sweep.candidate import Candidate, is_raw

# The score is what it is: a network that int8 hurts shows it there, and a gate would hide how much.
ANY = Gates(int8_agreement=0, int8_accuracy_drop=1, int8_logits=1e9)


@dataclass(frozen=True)
class Reached:
    """int8 scores of the folds, and those of an LDA of the same windows."""

    folds: tuple[Score, ...]
    lda: tuple[Score, ...]

    @property
    def accuracy(self) -> float:
        """Of all folds' windows together."""
        return pooled(self.folds).accuracy

    @property
    def spread(self) -> float:
        """Standard deviation of the folds' accuracies."""
        return float(np.std([fold.accuracy for fold in self.folds]))


@dataclass(frozen=True)
class Material:
    """The data set and how it is divided: `outer` keeps the test trials from every decision, `inner` divides the
    rest into folds."""

    choice: DataChoice
    dataset: Dataset
    outer: Split
    inner: tuple[Split, ...]

    @classmethod
    def of(cls, choice: DataChoice, dataset: Dataset, by: str) -> Material:
        """by: subject, session, trial, or a number of folds. Raises UsageError for a division there is not."""
        outer = choice.divide(dataset)
        if outer.leaks:
            raise UsageError(f"the split {outer.name!r} leaks", "choose another --split for a sweep")
        return cls(choice, dataset, outer, _folds(dataset, outer, by))

    def base(self, network: str) -> Preprocess:
        """How windows are made for a network, before a candidate changes it."""
        if is_raw(network):
            return datasets.raw_preprocess(self.dataset, registry.RAW_LAYOUTS[network])
        return datasets.amplitude_preprocess(self.dataset)

    def task(self, candidate: Candidate, split: Split) -> Task:
        """Windows of one fold, or of the outer split."""
        return self.windows(candidate.preprocess(self.base(candidate.network)), split)

    def windows(self, preprocess: Preprocess, split: Split) -> Task:
        """Windows made in a way of one's own."""
        return experiment.prepare(self.choice, self.dataset, preprocess, split=split)


def _folds(dataset: Dataset, outer: Split, by: str) -> tuple[Split, ...]:
    kept = [dataset.recordings[index] for index in outer.train]
    if by in ("subject", "session"):
        values = sorted({getattr(recording, by) for recording in kept})
        if len(values) < 2:
            raise UsageError(
                f"the training side has one {by} only, so there are no folds by {by}",
                f"choose more with --{by}, or fold --by trial",
            )
        tests = [{i for i, r in enumerate(kept) if getattr(r, by) == value} for value in values]
    else:
        folds = 3 if by == "trial" else int(by)
        trials = len({recording.group for recording in kept})
        division = Division("kfold", seed=7, folds=min(folds, trials))
        tests = [set(split.test) for split in division.splits(kept)]
    return tuple(_within(outer, test, len(kept), by) for test in tests)


def _within(outer: Split, test: set[int], count: int, by: str) -> Split:
    train = tuple(outer.train[index] for index in range(count) if index not in test)
    return Split(f"fold by {by}", train, tuple(outer.train[index] for index in sorted(test)))


def reach(candidate: Candidate, material: Material, splits: Sequence[Split]) -> Reached:
    """Train and test on each of `splits`. Raises EmgDeployError where the candidate cannot be."""
    scores, beside = [], []
    for split in splits:
        outcome = trained(candidate, material, split)
        scores.append(int8_score(outcome))
        beside.append(lda_score(outcome))
    return Reached(tuple(scores), tuple(beside))


def trained(candidate: Candidate, material: Material, split: Split) -> Outcome:
    """The candidate trained on one split; the same for the same candidate, whoever trains it."""
    task = material.task(candidate, split)
    settings = TrainSettings(epochs=candidate.epochs, seed=candidate.seed)
    return experiment.run(task, Model(candidate.network, candidate.width), settings)


def int8_score(outcome: Outcome) -> Score:
    """Of the network's int8 form on the test windows, computed by the reference interpreter."""
    task, own = outcome.task, outcome.model.own
    checkpoint = Checkpoint(
        outcome.network.cpu().eval(),
        outcome.model.name,
        task.preprocess.input_shape,
        task.dataset.labels,
        task.preprocess,
        "0" * 64,
        {"factory": outcome.model.name} if own else {},
    )
    with tempfile.TemporaryDirectory(prefix="emgdeploy-sweep-") as name:
        made = convert_source(
            of_checkpoint(checkpoint, Path(name) / "candidate.pt"),
            Path(name),
            experiment.calibration_windows(task).x,
            task.test,
            ANY,
        )
        logits = int8_logits(made.tflite.read_bytes(), task.test.x, made.window_axes)
    found: NDArray[np.int64] = logits.argmax(axis=1).astype(np.int64)
    return score(classes_of(task.test), found, len(task.dataset.labels))


def lda_score(outcome: Outcome) -> Score:
    """Of the LDA that stands beside the network, on the same windows."""
    task = outcome.task
    return outcome.baseline.score(task.test.x, classes_of(task.test), task.preprocess)


def as_dict(found: Score) -> dict[str, Any]:
    """A fold in `sweep.json`."""
    return {"accuracy": found.accuracy, "balanced_accuracy": found.balanced_accuracy}
