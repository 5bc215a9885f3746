"""`emgdeploy eval`: how often a checkpoint is right on trials it has not seen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import dataoptions, options
from emgdeploy.cli.console import Console
from emgdeploy.cli.train import show_confusion

if TYPE_CHECKING:
    from emgdeploy.nets.checkpoint import Checkpoint
    from emgdeploy.signals.choice import DataChoice
    from emgdeploy.signals.windowfile import Windows

NAME = "eval"
HELP = "accuracy, balanced accuracy and confusion of a checkpoint on test trials or on a window file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The checkpoint, and the recordings or windows to test it on."""
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help="a .pt file")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    options.add_windows(source)
    dataoptions.add_data(parser)
    parser.add_argument(
        "--preprocess", type=Path, metavar="FILE.toml", help="for a checkpoint that brings none"
    )
    parser.add_argument(
        "--factory", metavar="MODULE:FUNCTION", help="makes your own network for the checkpoint's weights"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Test and print. Without other options the split is the one the checkpoint was trained with."""
    from emgdeploy.nets import experiment
    from emgdeploy.nets.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(args.checkpoint, args.factory)
    windows = _windows(args, checkpoint, console)
    labels = experiment.label_names(checkpoint, windows)
    reached = experiment.evaluate(checkpoint.network, windows, len(labels))
    console.print(
        f"accuracy {reached.accuracy:.2%}, balanced accuracy {reached.balanced_accuracy:.2%} "
        f"on {len(windows):,} windows",
        style="bold",
    )
    show_confusion(reached, labels, console)
    console.result(
        {
            "checkpoint": args.checkpoint,
            "checkpoint_sha256": checkpoint.sha256,
            "dataset": args.dataset,
            "windows": len(windows),
            "labels": labels,
            "accuracy": reached.accuracy,
            "balanced_accuracy": reached.balanced_accuracy,
            "recall": reached.recall,
            "confusion": reached.confusion,
        }
    )
    return 0


def _windows(args: argparse.Namespace, checkpoint: Checkpoint, console: Console) -> Windows:
    from emgdeploy.nets import experiment
    from emgdeploy.signals import windowfile
    from emgdeploy.signals.description import load_preprocess

    if args.windows is not None:
        return windowfile.load(args.windows, checkpoint.input_shape)
    choice = _choice(args, checkpoint)
    dataset = choice.load(args.data)
    preprocess = None if args.preprocess is None else load_preprocess(args.preprocess)
    windows = experiment.test_windows(checkpoint, preprocess, choice, dataset)
    console.print(
        f"{dataset.name}: test trials of the split {choice.divide(dataset).name}, "
        + ", ".join(f"session {n}" for n in sorted({r.session for r in dataset.recordings}))
    )
    return windows


def _choice(args: argparse.Namespace, checkpoint: Checkpoint) -> DataChoice:
    from emgdeploy.signals.choice import DataChoice

    trained_on = checkpoint.training.get("data")
    base = DataChoice(args.dataset)
    if trained_on is not None:
        noted = DataChoice.from_dict(trained_on, str(args.checkpoint))
        base = noted if noted.dataset == args.dataset else base
    return dataoptions.choice(args, base)
