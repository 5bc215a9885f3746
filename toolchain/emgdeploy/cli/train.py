"""`emgdeploy train`: recordings become a checkpoint, real windows for the build, and metrics."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import dataoptions, placements, trainoptions, trainreport
from emgdeploy.cli.console import Console
from emgdeploy.errors import ToolMissingError, UsageError

if TYPE_CHECKING:
    from emgdeploy.nets.checkpoint import Checkpoint
    from emgdeploy.nets.experiment import Model, Outcome, Task
    from emgdeploy.nets.train import TrainSettings
    from emgdeploy.signals.choice import DataChoice
    from emgdeploy.signals.preprocess import Preprocess
    from emgdeploy.signals.recordings import Dataset

NAME = "train"
HELP = "train a network on a data set: checkpoint.pt, calibration.npz, test.npz, metrics.json"

# Keys of the published project's config.json that mean something here, and what they are called.
_PUBLISHED_KEYS = {
    "Epoch": "epochs",
    "T_max": "t_max",
    "data_path": "data",
    "fold": "folds",
    "model_save": "out",
}
_PUBLISHED_DATASETS = {"CSL": "csl", "ICE": "ice"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The data, the network, the schedule, and where the results go."""
    trainoptions.add(parser)


def translate_config(table: dict[str, Any]) -> dict[str, Any]:
    """The published project's config.json in this verb's words; other tables pass as they are."""
    translated = {_PUBLISHED_KEYS.get(key, key): value for key, value in table.items()}
    if isinstance(table.get("dataset"), str):
        translated["dataset"] = _PUBLISHED_DATASETS.get(table["dataset"], table["dataset"])
    pretrained = translated.pop("pretrain_model_path", None)
    if isinstance(table.get("finetune"), bool):
        translated["finetune"] = pretrained if table["finetune"] else None
    return translated


def run(args: argparse.Namespace, console: Console) -> int:
    """Train, print what was reached, and name the files. Only --resume writes before the end."""
    from emgdeploy import optional
    from emgdeploy.folders import updating_folder
    from emgdeploy.nets import registry, results
    from emgdeploy.report import whole as page
    from emgdeploy.signals.decisions import read_rules

    registry.check_name(args.network)
    optional.load("torch", extra="train")
    _check_writable(args.out)
    settings = _settings(args)
    decisions = None if args.decisions is None else read_rules(args.decisions).to_dict()
    _use_threads(args.num_workers)
    start = _start(args)
    choice, dataset = _data(args)
    dataoptions.say_reading(dataset, console)
    quality = dataoptions.warn_of_quality(dataset, console)
    count = len(choice.all_folds(dataset))
    model = _model(args, start)
    folds: list[Outcome] = []
    for number in range(count):
        task = _task(args, replace(choice, fold=number), dataset, start, console)
        if number == 0:
            _rehearse(model, task, console)
        if args.dry_run:
            return trainreport.dry_run(task, model, console)
        progress = args.out / f"progress-{number + 1}.pt" if args.resume else None
        title = f"fold {number + 1} of {count}" if count > 1 else "training"
        outcome = _train(task, model, settings, progress, args.vote, title, console)
        folds.append(_quantized(args, outcome, progress, title, console))
    with updating_folder(args.out, "metrics.json", gone=("progress-*.pt",), say=console.warn) as fresh:
        report = results.save(folds[0], fresh, folds, args.vote, decisions, args.anonymous)
        page.write_training(fresh, report, results.save_recordings(folds[0].task, quality, fresh))
    trainreport.show(report, args.out, console)
    console.result({**report, "out": args.out})
    return 0


def _use_threads(count: int | None) -> None:
    import torch

    if count is not None:
        torch.set_num_threads(count)


def _check_writable(folder: Path) -> None:
    """Results are written after minutes of training; a folder that will not take them is said at once."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UsageError(f"nothing can be written to {folder}", "name another folder with --out")


def _settings(args: argparse.Namespace) -> TrainSettings:
    from dataclasses import fields

    from emgdeploy.nets import finetune
    from emgdeploy.nets.train import TrainSettings

    names = [field.name for field in fields(TrainSettings)]
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.turned is not None:
        given["turned"] = tuple(args.turned)
    if args.robust:
        given = {"lost": trainoptions.ROBUST_LOST, **given}
    if args.finetune is not None:
        given = {**finetune.USUAL, **given}
    return TrainSettings(**given)


def _start(args: argparse.Namespace) -> Checkpoint | None:
    """The checkpoint to train on from. Raises UsageError for options that contradict it."""
    from emgdeploy.nets.checkpoint import load_checkpoint

    if args.finetune is None:
        if args.freeze:
            raise UsageError(
                "--freeze keeps layers of a checkpoint, and none is given", "add --finetune FILE.pt"
            )
        return None
    if args.preprocess is not None or args.model_width is not None:
        raise UsageError(
            "--finetune takes network and preprocessing from its checkpoint",
            "leave --preprocess and --model-width out",
        )
    return load_checkpoint(args.finetune, args.network if ":" in args.network else None)


def _data(args: argparse.Namespace) -> tuple[DataChoice, Dataset]:
    from emgdeploy.signals.choice import DataChoice

    choice = dataoptions.choice(args, DataChoice(args.dataset))
    return choice, choice.load(args.data)


def _preprocess(args: argparse.Namespace, dataset: Dataset) -> Preprocess:
    from emgdeploy.nets import registry
    from emgdeploy.signals import datasets
    from emgdeploy.signals.preprocess import load_preprocess

    raw = registry.RAW_LAYOUTS.get(args.network)
    preprocess = datasets.raw_preprocess(dataset, raw) if raw else datasets.default_preprocess(dataset)
    if args.preprocess is not None:
        preprocess = load_preprocess(args.preprocess, preprocess)
    return preprocess.of_size(args.input_width, args.input_height, args.channel)


def _task(
    args: argparse.Namespace, choice: DataChoice, dataset: Dataset, start: Checkpoint | None, console: Console
) -> Task:
    from emgdeploy.nets import experiment, finetune, registry, seen
    from emgdeploy.signals.images import without_windows
    from emgdeploy.signals.leaks import listed
    from emgdeploy.signals.matching import at_rate, match

    if start is None:
        matched = at_rate(dataset, _preprocess(args, dataset))
    else:
        how = finetune.preprocess_of(start, str(args.finetune))
        matched = match(dataset, how, start.acquisition, start.labels)
    recorded = dataset.recordings
    dataset, rows = placements.put_right(args, choice, matched, start, args.finetune, console)
    copies = args.disturbed_copies
    if copies is None:
        copies = trainoptions.ROBUST_COPIES if args.robust else 0
    task = experiment.prepare(
        choice, dataset, matched.preprocess, args.trials, start is None, copies, recorded
    )
    task = replace(task, placements=rows)
    if start is not None and not task.split.leaks:
        tested = [recorded[index] for index in task.split.test]
        seen.refuse_trials(start, str(args.finetune), tested, dataset.electrodes)
    sessions = sorted({(recording.subject, recording.session) for recording in dataset.recordings})
    console.print(
        f"{dataset.name}: {len(dataset.recordings)} recordings of "
        + ", ".join(f"subject {subject} session {session}" for subject, session in sessions)
    )
    console.print(
        f"split {task.split.name}: {len(task.split.train)} recordings ({len(task.train):,} windows) to train on, "
        f"{len(task.split.test)} ({len(task.test):,}) to test on; windows {task.preprocess.input_shape}"
    )
    console.print(f"test trials: {listed([r.title for r in task.test_recordings])}")
    dataoptions.say_match(matched, console)
    dataoptions.warn_of_leak(task.split, console)
    if windowless := without_windows(dataset.recordings, matched.preprocess):
        console.warn(f"no window comes of {len(windowless)} recordings: {', '.join(windowless[:5])}")
    name = args.network if start is None else start.name
    if doubt := registry.unsuited(name, task.preprocess.image, task.preprocess.input_shape):
        console.warn(doubt)
    if missing := experiment.untaught(task):
        console.warn(f"there is no training window of {', '.join(missing)}: it cannot be learned")
    return task


def _model(args: argparse.Namespace, start: Checkpoint | None) -> Model:
    from emgdeploy.nets import finetune, registry
    from emgdeploy.nets.experiment import Model

    width = registry.usual_width(args.network) if args.model_width is None else args.model_width
    if start is not None:
        width = float(start.training.get("model_width") or registry.usual_width(start.name))
        return Model(start.name, width, start, args.freeze, finetune.old_windows(args.finetune, start))
    return Model(args.network, width)


def _rehearse(model: Model, task: Task, console: Console) -> None:
    """Say of a user's own network at once what training or conversion would refuse later."""
    from emgdeploy.convert.rehearsal import rehearse as rehearse_conversion
    from emgdeploy.nets.rehearsal import rehearse

    if not model.own:
        return
    network, shape = model.build(task), task.preprocess.input_shape
    rehearse(network, shape, len(task.dataset.labels), model.name)
    try:
        rehearse_conversion(network, shape, model.name)
    except ToolMissingError as error:
        console.warn(f"not known yet whether {model.name} can be converted: {error.message} ({error.hint})")


def _train(
    task: Task,
    model: Model,
    settings: TrainSettings,
    progress: Path | None,
    vote: int,
    title: str,
    console: Console,
) -> Outcome:
    from emgdeploy.nets import experiment

    batches = experiment.batches(task, settings)
    with console.progress(title, settings.epochs * batches) as bar:

        def on_batch(done: int, loss: float) -> None:
            bar.advance(note=f"loss {loss:.3f}")
            if done % batches == 0 and not console.interactive:
                console.note(f"epoch {done // batches} of {settings.epochs}: loss {loss:.3f}")

        return experiment.run(task, model, settings, on_batch, progress, vote)


def _quantized(
    args: argparse.Namespace, outcome: Outcome, progress: Path | None, title: str, console: Console
) -> Outcome:
    """The outcome trained on for int8, where that is wanted."""
    if not args.qat and args.qat_epochs is None:
        return outcome
    from emgdeploy.nets import qat as aware

    epochs = args.qat_epochs or aware.EPOCHS
    total = epochs * outcome.settings.batches(len(outcome.task.train))
    kept = None if progress is None else progress.with_suffix(".qat.pt")
    with console.progress(f"{title} for int8", total) as bar:
        return aware.quantize(
            outcome, epochs, lambda done, loss: bar.advance(note=f"loss {loss:.3f}"), kept, args.vote
        )
