"""Labels drawn at random for each trial: a trained network is right by chance, whatever the split, but where it leaks.

Within a trial all windows look alike, so a network that has seen some of a trial's windows knows its label.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from emgdeploy.nets import evaluation, experiment
from emgdeploy.nets.train import TrainSettings
from emgdeploy.signals import Preprocess
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.splits import NAMES

CLASSES, TRIALS, ELECTRODES, WINDOWS = 4, 120, 16, 12
LEARNS_BY_HEART = TrainSettings(epochs=15, batch_size=64, learning_rate=1e-2, noise=0.02, gain=0.0)


class Memory(nn.Module):
    """Wide enough to know every trial by heart."""

    def __init__(self, input_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(ELECTRODES, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, classes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(x)
        return logits


def dataset() -> Dataset:
    rng = np.random.default_rng(4)
    recordings = []
    for trial in range(TRIALS):
        samples = rng.normal(size=ELECTRODES) + 0.05 * rng.normal(size=(5 * (WINDOWS + 1), ELECTRODES))
        label = np.full(len(samples), int(rng.integers(CLASSES)))
        subject, session, repetition = 1 + trial % 2, 1 + trial // 2 % 2, 1 + trial // 4 % 6
        part = "test" if trial % 5 == 0 else "train"
        recordings.append(
            Recording(samples.astype(np.float32), label, subject, session, trial, part, repetition)
        )
    return Dataset("drawn", tuple(recordings), tuple("abcd"), 1000.0, (4, 4), tuple(range(ELECTRODES)))


def accuracies(name: str) -> tuple[float, float]:
    """Of training and test windows, mean over the folds, by the functions that `emgdeploy train` calls."""
    made = dataset()
    choice = DataChoice("drawn", split=name, test_share=0.5, folds=3 if name == "kfold" else None)
    how = Preprocess(1000.0, (4, 4), tuple(range(ELECTRODES)), 10.0, 5.0, image="instant", normalise="global")
    reached = []
    for fold in range(len(choice.all_folds(made))):
        task = experiment.prepare(replace(choice, fold=fold), made, how)
        outcome = experiment.run(task, experiment.Model(f"{__name__}:Memory", 1.0), LEARNS_BY_HEART)
        seen = evaluation.evaluate(outcome.network, task.train, CLASSES)
        reached.append((seen.accuracy, outcome.score.accuracy))
    learned, tested = np.mean(reached, axis=0)
    return float(learned), float(tested)


@pytest.mark.parametrize("name", NAMES)
def test_labels_drawn_for_each_trial_are_learned_by_heart_only(name: str) -> None:
    learned, tested = accuracies(name)
    assert learned > 0.95
    if name == "shuffled":
        assert tested > 0.95
    else:
        assert tested < 0.4
