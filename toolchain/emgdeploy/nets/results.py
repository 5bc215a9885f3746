"""What a training leaves behind: its files, and the numbers to believe about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emgdeploy.files import write_atomic
from emgdeploy.nets import baseline, placing, recorded, rounded, seen, train
from emgdeploy.nets.checkpoint import save_checkpoint
from emgdeploy.nets.evaluation import classes_of, evaluate
from emgdeploy.nets.experiment import VOTE, Outcome, Task, calibration_windows
from emgdeploy.nets.metrics import Score, pooled
from emgdeploy.signals import datasets, windowfile
from emgdeploy.signals.acquisition import Acquisition
from emgdeploy.signals.quality.judge import Quality
from emgdeploy.signals.recordings import Recording
from emgdeploy.signals.traces import Trace

SCHEMA = "emgdeploy.train/1"


def metrics(outcome: Outcome, folds: Sequence[Outcome] = (), vote: int = VOTE) -> dict[str, Any]:
    """What `metrics.json` holds: of one training, or of several folds, whose test windows count together and
    whose first is `outcome`."""
    folds = folds or (outcome,)
    task = outcome.task
    reached, by_vote = pooled([fold.score for fold in folds]), pooled([fold.voted for fold in folds])
    return {
        "schema": SCHEMA,
        "dataset": task.dataset.name,
        "layout_only": datasets.is_layout_only(task.dataset.name),
        "split": task.split.name,
        "leaks": task.split.leaks,
        "model": outcome.model.name,
        "model_width": outcome.model.width,
        "params": outcome.cost.params,
        "macs": outcome.cost.macs,
        "published_macs": outcome.cost.published_macs,
        "input_shape": list(task.preprocess.input_shape),
        "labels": list(task.dataset.labels),
        "resampled_from_hz": task.dataset.resampled_from_hz,
        "acquisition": Acquisition.of(task.dataset).to_dict(),
        "data": task.choice.to_dict(),
        "preprocess": task.preprocess.to_dict(),
        "settings": {**asdict(outcome.settings), "turned": list(outcome.settings.turned)},
        "finetuned": _finetuned(folds),
        "epochs": len(outcome.trained.losses),
        "old_data": _old_data(outcome),
        "placement": list(task.placements),
        "by_session": _by_session(folds),
        "qat": rounded.report([fold.quantized for fold in folds if fold.quantized is not None]),
        "accuracy": reached.accuracy,
        "balanced_accuracy": reached.balanced_accuracy,
        "recall": list(reached.recall),
        "confusion": [list(row) for row in reached.confusion],
        "voted": {
            "windows": vote,
            "accuracy": by_vote.accuracy,
            "balanced_accuracy": by_vote.balanced_accuracy,
            "recall": list(by_vote.recall),
        },
        "baselines": baseline.report([_baseline_score(fold) for fold in folds], outcome.baseline),
        "folds": [_fold(fold) for fold in folds],
        "windows": {"train": len(task.train), "test": len(task.test)},
        "losses": list(outcome.trained.losses),
        "held_out_accuracy": list(outcome.trained.held_out),
        "seconds_per_epoch": outcome.trained.seconds_per_epoch,
    }


def _old_data(outcome: Outcome) -> dict[str, Any] | None:
    """What the checkpoint and the network trained on from it reach on the test windows of the checkpoint's training."""
    start, old = outcome.model.start, outcome.model.old
    if start is None or old is None:
        return None
    classes = len(outcome.task.dataset.labels)
    before, after = (evaluate(one, old, classes).accuracy for one in (start.network, outcome.network))
    return {"windows": len(old), "accuracy_before": before, "accuracy": after}


def _by_session(folds: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Network and LDA on the test windows of each subject's session, all folds together."""
    reached: dict[tuple[int, int], list[tuple[Score, Score]]] = {}
    for fold in folds:
        live, task = fold.task.live, fold.task
        own = live.by_session(live.predicted(fold.network))
        beside = live.by_session(fold.baseline.classes(live.x, task.preprocess))
        for session in own:
            reached.setdefault(session, []).append((own[session], beside[session]))
    return [
        {
            "subject": subject,
            "session": number,
            **baseline.row(*(pooled(side) for side in zip(*pairs, strict=True))),
        }
        for (subject, number), pairs in sorted(reached.items())
    ]


def _baseline_score(outcome: Outcome) -> Score:
    tested = outcome.task.test
    return outcome.baseline.score(tested.x, classes_of(tested), outcome.task.preprocess)


def _finetuned(folds: Sequence[Outcome]) -> dict[str, Any] | None:
    """From which checkpoint, and what that reaches as it was."""
    model, scores = folds[0].model, [fold.as_it_was for fold in folds if fold.as_it_was is not None]
    if model.start is None:
        return None
    return {
        "checkpoint_sha256": model.start.sha256,
        "freeze": model.freeze,
        "accuracy_as_it_was": pooled(scores).accuracy,
    }


def save(
    outcome: Outcome,
    folder: Path,
    folds: Sequence[Outcome] = (),
    vote: int = VOTE,
    decisions: Mapping[str, Any] | None = None,
    anonymous: bool = False,
) -> dict[str, Any]:
    """Write checkpoint.pt, calibration.npz, test.npz, training.csv and, last, metrics.json; return the metrics.

    decisions: how outputs become decisions, for the checkpoint. anonymous: without subjects and names of recordings.

    Of several folds the files are the first one's, `outcome`; the metrics are of all.
    """
    report = metrics(outcome, folds, vote)
    if anonymous:
        report = without_people(report)
    task = outcome.task
    notes = {key: report[key] for key in ("model_width", "settings", "windows", "finetuned", "leaks")}
    notes["accuracy"] = outcome.score.accuracy
    notes["data"] = report["data"]
    notes |= seen.notes(task.seen, Trace.of_windows(task.train.x), outcome.model.start)
    notes[placing.NOTE] = task.levels.to_dict()
    notes["baselines"] = {baseline.NAME: outcome.baseline.to_dict()}
    if decisions is not None:
        notes["decisions"] = dict(decisions)
    ranges = None if outcome.quantized is None else outcome.quantized.ranges
    path = folder / "checkpoint.pt"
    save_checkpoint(
        path,
        outcome.network,
        task.dataset.labels,
        task.preprocess,
        notes,
        ranges,
        Acquisition.of(task.dataset),
        outcome.model.name if outcome.model.own else None,
    )
    windowfile.save(folder / "calibration.npz", calibration_windows(task))
    windowfile.save(folder / "test.npz", task.test)
    write_atomic(folder / "training.csv", _log(outcome.trained))
    write_atomic(folder / "metrics.json", json.dumps(report, indent=2) + "\n")
    return report


def save_recordings(task: Task, quality: Quality, folder: Path) -> dict[str, Any]:
    """Write recordings.json and return it."""
    found = recorded.to_dict(task, quality)
    write_atomic(folder / recorded.FILE, json.dumps(found) + "\n")
    return found


def save_evaluation(folder: Path, result: dict[str, Any], anonymous: bool = False) -> dict[str, Any]:
    """Write eval.json into a folder that may not be there yet; return what it holds."""
    report: dict[str, Any] = without_people(result) if anonymous else result
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "eval.json", json.dumps(report, indent=2) + "\n")
    return report


def _log(trained: train.Trained) -> str:
    """A line for each epoch."""
    lines = ["epoch,loss,learning_rate,held_out_accuracy"]
    held_out = [*map(repr, trained.held_out)] or [""] * len(trained.losses)
    for epoch, (loss, rate, right) in enumerate(zip(trained.losses, trained.rates, held_out, strict=True), 1):
        lines.append(f"{epoch},{loss!r},{rate!r},{right}")
    return "\n".join(lines) + "\n"


def _fold(outcome: Outcome) -> dict[str, Any]:
    task = outcome.task
    return {
        "train_trials": [trial(task.dataset.recordings[index]) for index in task.split.train],
        "test_trials": [trial(recording) for recording in task.test_recordings],
        "accuracy": outcome.score.accuracy,
        "balanced_accuracy": outcome.score.balanced_accuracy,
        "voted_accuracy": outcome.voted.accuracy,
    }


def without_people(value: Any) -> Any:
    """A report without what says whose recordings it is of, or when they were made: null in place of each subject,
    and of names of recordings, which are names of files."""
    if isinstance(value, list):
        return [without_people(one) for one in value]
    if not isinstance(value, dict):
        return value
    dropped = {"subject"} | ({"name"} if {"subject", "trial"} <= set(value) else set())
    if isinstance(value.get("subjects"), list):  # which ones; a simulation has a number of them
        dropped |= {"subjects"}
    return {key: None if key in dropped else without_people(one) for key, one in value.items()}


def trial(recording: Recording) -> dict[str, Any]:
    """Which one it is, JSON-able."""
    names = ("subject", "session", "trial", "part", "repetition", "name")
    return {name: getattr(recording, name) for name in names}
