"""From a data set to a checkpoint and the numbers to believe about it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.errors import InputError, UsageError
from emgdeploy.nets import finetune, registry, train
from emgdeploy.nets.augment import Silence, Turns
from emgdeploy.nets.baseline import Baseline
from emgdeploy.nets.checkpoint import Checkpoint
from emgdeploy.nets.cost import Cost, cost
from emgdeploy.nets.evaluation import classes_of
from emgdeploy.nets.features import is_raw
from emgdeploy.nets.levels import Levels
from emgdeploy.nets.live import Live
from emgdeploy.nets.metrics import Score
from emgdeploy.nets.rounded import Quantized
from emgdeploy.signals import corruptions as disturb
from emgdeploy.signals import leaks
from emgdeploy.signals.choice import DataChoice
from emgdeploy.signals.images import divided_windows, labelled_windows
from emgdeploy.signals.preprocess import Preprocess
from emgdeploy.signals.recordings import Dataset, Recording
from emgdeploy.signals.splits import Division, Split, first_trials
from emgdeploy.signals.traces import Trace
from emgdeploy.signals.windowfile import Windows

if TYPE_CHECKING:
    from torch import nn

# Enough to see every class at every strength; more changes int8 ranges little and takes longer.
CALIBRATION_WINDOWS = 512
# Windows that vote together, and the share of training trials that early stopping goes by.
VOTE = 5
HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class Task:
    """Windows ready for a network: training and test windows of whole trials, and how they were made.

    train_recording: (N,) which recording each window is of, counted on its side; live: the test windows with
    those in between; seen: the recordings that are trained on; levels: how strong the electrodes are in training
    windows; placements: where arrays lay that were put right, a row for each session (see `placing`).
    """

    choice: DataChoice
    dataset: Dataset
    split: Split
    preprocess: Preprocess
    train: Windows
    test: Windows
    train_recording: NDArray[np.int64]
    live: Live
    seen: Trace
    levels: Levels
    placements: Sequence[Mapping[str, Any]] = ()

    @property
    def test_recordings(self) -> list[Recording]:
        """Those that are tested on, in order."""
        return [self.dataset.recordings[index] for index in self.split.test]


@dataclass(frozen=True)
class Model:
    """Which network: a name of `registry.NAMES` or `module:function`, and how wide.

    start: the checkpoint to train on from, whose first `freeze` layers keep their weights; None starts anew.
    old: test windows of its own training.
    """

    name: str = "mobilenetv2"
    width: float = registry.usual_width("mobilenetv2")
    start: Checkpoint | None = None
    freeze: int = 0
    old: Windows | None = None

    @property
    def own(self) -> bool:
        """Whether it is the user's own network."""
        return ":" in self.name

    def build(self, task: Task) -> nn.Module:
        """For the task's windows and classes, untrained or with the weights to start from."""
        if self.start is not None:
            return finetune.start_from(self.start, task.dataset.labels, self.freeze)
        return registry.new(self.name, task.preprocess.input_shape, len(task.dataset.labels), self.width)


@dataclass(frozen=True)
class Outcome:
    """A trained network and what it reaches on the test windows, one by one and by majority votes.

    baseline: an LDA of the same training windows. as_it_was: what the checkpoint that it started from reaches on the same windows, if it did from one;
    quantized: what training on for int8 added, if it was.
    """

    network: nn.Module
    task: Task
    settings: train.TrainSettings
    trained: train.Trained
    score: Score
    cost: Cost
    model: Model
    voted: Score
    baseline: Baseline
    as_it_was: Score | None = None
    quantized: Quantized | None = None


def prepare(
    choice: DataChoice,
    dataset: Dataset,
    preprocess: Preprocess,
    trials: int | None = None,
    refit: bool = True,
    disturbed_copies: int = 0,
    recorded: Sequence[Recording] | None = None,
    split: Split | None = None,
) -> Task:
    """Divide the recordings, cut windows, and fit the normalisation on the training side alone.

    trials: train on the first of each kind only, see `first_trials`; refit: False keeps the normalisation that `preprocess` brings;
    disturbed_copies: copies of each training recording, each with a disturbance of a drawn kind, to train on
    besides; recorded: the recordings as they were before they were resampled; split: of `dataset` instead of the
    choice's own. Raises InputError when a side has no windows, and where both sides hold the same samples or parts
    of one trial.
    """
    split = first_trials(split or choice.divide(dataset), dataset.recordings, trials)
    before = dataset.recordings if recorded is None else recorded
    gap = round(preprocess.window_ms / 1000 * _rate(dataset))
    leaks.refuse_shared(before, split, gap, dataset.electrodes)
    training, test = divided_windows(dataset.recordings, split, preprocess)
    fitted = preprocess.fit(training.features) if refit else preprocess
    levels = Levels.of(training.features, training.y, len(dataset.labels), fitted, _array_of(dataset, fitted))
    if disturbed_copies and not split.leaks:
        chosen = replace(dataset, recordings=tuple(dataset.recordings[i] for i in split.train))
        made = disturb.copies(chosen, disturbed_copies, choice.split_seed)
        training = training.joined(labelled_windows(made, preprocess), len(split.train))
    live = Live.of(test, fitted, dataset.labels, [dataset.recordings[i] for i in split.test])
    windows = Windows(fitted.normalised(training.features), training.y, dataset.labels)
    seen = Trace.of([before[index] for index in split.train], dataset.electrodes)
    return Task(
        choice, dataset, split, fitted, windows, live.windows(), training.recording, live, seen, levels
    )


def _array_of(dataset: Dataset, preprocess: Preprocess) -> tuple[int, int] | None:
    """One array, where the image has the data set's own grid."""
    return dataset.array if dataset.grid == preprocess.grid else None


def _rate(dataset: Dataset) -> float:
    return dataset.resampled_from_hz or dataset.sample_rate_hz


def run(
    task: Task,
    model: Model,
    settings: train.TrainSettings,
    on_batch: train.OnBatch | None = None,
    progress: Path | None = None,
    vote: int = VOTE,
) -> Outcome:
    """Train a network for the task and test it. The same arguments give the same network.

    progress: a file that keeps the state after each epoch, from which the same call goes on.
    """
    train.seed_everything(settings.seed)
    network = model.build(task)
    trained = _solved(network, task) or _fitted(network, task, settings, on_batch, progress)
    one_by_one, by_vote = task.live.scores(network, vote)
    found = cost(network, task.preprocess.input_shape)
    as_it_was = None if model.start is None else task.live.scores(model.start.network, vote)[0]
    beside = Baseline.of(task.train.x, classes_of(task.train), len(task.dataset.labels), task.preprocess)
    return Outcome(network, task, settings, trained, one_by_one, found, model, by_vote, beside, as_it_was)


def _solved(network: nn.Module, task: Task) -> train.Trained | None:
    """A network that is solved for, at once; None for one that is trained."""
    solve = getattr(network, "solve", None)
    if solve is None:
        return None
    if is_raw(task.preprocess):
        raise UsageError(
            "LDA takes images of amplitudes, these are windows of raw samples",
            "take rms or mav images in the preprocessing (docs/data.md), or another network",
        )
    started = time.perf_counter()
    solve(task.train.x, classes_of(task.train), task.preprocess.log_epsilon is not None)
    return train.Trained(time.perf_counter() - started, ())


def _fitted(
    network: nn.Module,
    task: Task,
    settings: train.TrainSettings,
    on_batch: train.OnBatch | None,
    progress: Path | None,
) -> train.Trained:
    windows, held_out = _held_out(task, settings)
    return train.fit(
        network,
        windows.x,
        classes_of(windows),
        settings,
        on_batch,
        task.preprocess.log_epsilon is not None,
        Silence.of(task.preprocess),
        None if held_out is None else (held_out.x, classes_of(held_out)),
        progress,
        turns=_turns(task, settings),
    )


def _turns(task: Task, settings: train.TrainSettings) -> Turns | None:
    if not any(settings.turned):
        return None
    return Turns.of(task.preprocess, task.levels.array, settings.turned)


def untaught(task: Task) -> tuple[str, ...]:
    """The gestures of which there is no training window."""
    taught = set(classes_of(task.train).tolist())
    return tuple(label for number, label in enumerate(task.dataset.labels) if number not in taught)


def batches(task: Task, settings: train.TrainSettings) -> int:
    """Batches in one epoch of `run`."""
    return settings.batches(len(_held_out(task, settings)[0]))


def _held_out(task: Task, settings: train.TrainSettings) -> tuple[Windows, Windows | None]:
    """Training windows, and those of whole trials that early stopping goes by. A copy stays with its trial."""
    if settings.patience is None:
        return task.train, None
    recordings = [task.dataset.recordings[i] for i in task.split.train]
    try:
        (held,) = Division("trial", HELD_OUT_SHARE, settings.seed).splits(recordings)
    except InputError:
        raise UsageError(
            f"{len(recordings)} training trials are too few to hold some of each gesture out for --patience",
            "leave --patience out, or train on more trials",
        ) from None
    original = task.train_recording % len(recordings)
    away = np.isin(original, held.test)
    return task.train.take(~away), task.train.take(away & (task.train_recording < len(recordings)))


def calibration_windows(task: Task, count: int = CALIBRATION_WINDOWS) -> Windows:
    """Training windows drawn evenly over the classes, for fixing int8 ranges."""
    y = classes_of(task.train)
    rng = np.random.default_rng([1, 6])
    classes = np.unique(y)
    share = -(-count // len(classes))
    drawn = [rng.permutation(np.flatnonzero(y == c))[:share] for c in classes]
    return task.train.take(np.sort(np.concatenate(drawn)))
