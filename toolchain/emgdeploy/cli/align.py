"""`emgdeploy align`: how the electrode array lies compared with the one that a checkpoint was trained on."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import dataoptions, options
from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emgdeploy.nets.align import Alignment
    from emgdeploy.nets.checkpoint import Checkpoint
    from emgdeploy.signals.matching import Matched

NAME = "align"
HELP = "electrode placement against a checkpoint's: rolled or mirrored by how much, and how sure that is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The checkpoint, and the recordings whose array may lie otherwise."""
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help="a .pt file")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    source.add_argument("--samples", type=Path, metavar="FILE", help="one file of samples")
    dataoptions.add_data(parser)
    dataoptions.add_array(parser)
    parser.add_argument(
        "--with-labels",
        action="store_true",
        help="hold each window against its own gesture (of --dataset); surer, where the labels are right",
    )
    options.add_network(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Find the placement of each session and print it. Ends with 0 also where nothing is to be moved."""
    from emgdeploy.nets import placing
    from emgdeploy.nets.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(args.checkpoint, args.network)
    known = placing.levels_of(checkpoint, str(args.checkpoint))
    known = replace(known, array=args.array or known.array)
    matched = _matched(args, checkpoint, console)
    found = placing.find(known, matched.dataset.recordings, matched.preprocess, args.with_labels)
    show(found, console)
    console.result(
        {
            "schema": "emgdeploy.align/1",
            "checkpoint": args.checkpoint,
            "checkpoint_sha256": checkpoint.sha256,
            "grid": known.grid,
            "array": known.array,
            "moved": any(not one.placement.is_none for one in found.values()),
            "sessions": placing.summary(found),
        }
    )
    return 0


def show(found: Mapping[tuple[int, int], Alignment], console: Console) -> None:
    """A row for each array of each session, and what to do with it."""
    rows = [
        (
            f"subject {subject} session {session}",
            number if len(alignment.arrays) > 1 else "-",
            str(one.turn),
            f"{one.gain:.1f}",
            f"{one.confidence:.0%}",
            f"{one.runner_up} ({one.behind:+.1f})",
        )
        for (subject, session), alignment in found.items()
        for number, one in enumerate(alignment.arrays, 1)
    ]
    console.table(("recordings", "array", "placement", "gain", "confidence", "next"), rows)
    for (subject, session), alignment in found.items():
        where = f"subject {subject} session {session}"
        unsure = [str(one.likeliest) for one in alignment.arrays if one.likeliest != one.turn]
        if alignment.placement.is_none:
            more = f"; {unsure[0]} is likelier, but not clearly" if unsure else ""
            console.print(f"{where}: lies as in training{more}")
        else:
            console.print(f"{where}: --placement {alignment.placement}", style="bold")


def _matched(args: argparse.Namespace, checkpoint: Checkpoint, console: Console) -> Matched:
    from emgdeploy.nets import evaluation, finetune
    from emgdeploy.signals import given
    from emgdeploy.signals.choice import DataChoice

    if args.samples is None:
        dataset = dataoptions.choice(args, DataChoice(args.dataset)).load(args.data)
        dataoptions.say_reading(dataset, console)
        matched = evaluation.matched(checkpoint, None, dataset)
    else:
        if args.with_labels:
            raise UsageError("a file of samples has no labels", "leave --with-labels out, or give --dataset")
        preprocess = finetune.preprocess_of(checkpoint, str(args.checkpoint))
        how = given.reading(preprocess, checkpoint.acquisition, None, None, None)
        matched, taken = given.from_file(args.samples, how)
        console.note(taken)
    dataoptions.say_match(matched, console)
    return matched
