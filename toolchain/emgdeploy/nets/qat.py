"""Quantization-aware training: a trained network sees its own rounding, and learns to live with it."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

from emgdeploy.nets import evaluation, experiment, train, view
from emgdeploy.nets.augment import Silence
from emgdeploy.nets.experiment import Outcome
from emgdeploy.nets.rounded import Quantized

EPOCHS = 3
# Of the learning rate that the network was trained with: its weights are to move by steps of int8, not far.
RATE_SHARE = 0.1


def quantize(
    outcome: Outcome,
    epochs: int = EPOCHS,
    on_batch: train.OnBatch | None = None,
    progress: Path | None = None,
    vote: int = experiment.VOTE,
) -> Outcome:
    """Train a copy of the outcome's network on with the rounding of int8 in it, by small steps to the end.

    It learns to answer as the network itself does, not the classes anew: what it was trained for stays as it is.
    All scores are of the network without it, but for `quantized.score`. progress: see `train.fit`. Raises
    UsageError for a network whose forward cannot be followed.
    """
    task, before = outcome.task, outcome.settings
    settings = replace(
        before,
        epochs=epochs,
        t_max=None,
        learning_rate=before.learning_rate * RATE_SHARE,
        patience=None,
        label_smoothing=0.0,
    )
    train.seed_everything(settings.seed)
    network = copy.deepcopy(outcome.network)
    module = view.begin(network, experiment.calibration_windows(task).x)
    trained = train.fit(
        module,
        task.train.x,
        evaluation.classes_of(task.train),
        settings,
        on_batch,
        task.preprocess.log_epsilon is not None,
        Silence.of(task.preprocess),
        progress=progress,
        teacher=outcome.network,
    )
    reached, _ = task.live.scores(module, vote)
    one_by_one, by_vote = task.live.scores(network, vote)
    quantized = Quantized(view.learned(module), trained, reached, outcome.score)
    return replace(outcome, network=network, score=one_by_one, voted=by_vote, quantized=quantized)
