"""Options that say which recordings to use and how to divide them; shared by train, eval and simulate."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import options

if TYPE_CHECKING:
    from emgdeploy.cli.console import Console
    from emgdeploy.signals.choice import DataChoice
    from emgdeploy.signals.matching import Matched
    from emgdeploy.signals.quality.judge import Quality
    from emgdeploy.signals.recordings import Dataset
    from emgdeploy.signals.splits import Split

DATASETS = (
    "ninapro-db5, flexemg, grabmyo, files for your own, simulated, module:function for a reader of your own; layout only, never tried "
    "on a real file: ninapro-db1 to -db4, -db6 to -db8, -db10, capgmyo-a, -b, -c, hyser, epn612, putemg, emg2qwerty, "
    "flexemg-v2, csl, ice"
)
_WHICH = "(default: all of files, of simulated and of a reader of your own, else the first)"
_SIMULATION = {
    "sim_subjects": "subjects",
    "sim_sessions": "sessions",
    "sim_repetitions": "repetitions",
    "sim_seconds": "seconds",
    "sim_seed": "seed",
}

_READING = {
    "exercise": "exercises",
    "ring": "ring",
    "movements": "movements",
    "edges": "edges",
    "electrode_order": "order",
}


def add_data(parser: argparse._ActionsContainer) -> None:
    """--data, the choice of subjects and sessions, the split, and what `simulated` simulates."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data set's recordings lie")
    parser.add_argument(
        "--subject", type=options.positive_int, nargs="+", metavar="N", help=f"subjects {_WHICH}"
    )
    parser.add_argument(
        "--session", type=options.positive_int, nargs="+", metavar="N", help=f"sessions {_WHICH}"
    )
    parser.add_argument(
        "--split",
        metavar="NAME",
        help="published, trial, session, subject, repetition, kfold: which whole trials are the test; or "
        "shuffled, which leaks (default: published where the publisher divided them, else repetition or trial)",
    )
    parser.add_argument(
        "--test-share", type=options.positive_float, metavar="SHARE", help="of --split trial (default 0.25)"
    )
    parser.add_argument(
        "--split-seed", type=options.non_negative_int, metavar="N", help="of --split trial (default 1)"
    )
    parser.add_argument(
        "--test-repetitions",
        type=options.positive_int,
        nargs="+",
        metavar="N",
        help="of --split repetition (default 2 5)",
    )
    parser.add_argument(
        "--folds",
        type=options.positive_int,
        metavar="K",
        help="K of 2 or more: --split kfold in K folds (default: no folds)",
    )
    _add_reading(parser)
    parser.add_argument(
        "--sim-subjects", type=options.positive_int, metavar="N", help="of simulated: people (default 1)"
    )
    parser.add_argument(
        "--sim-sessions",
        type=options.positive_int,
        metavar="N",
        help="of simulated: sessions of each person (default 2)",
    )
    parser.add_argument(
        "--sim-repetitions",
        type=options.positive_int,
        metavar="N",
        help="of simulated: of each gesture in a session (default 10)",
    )
    parser.add_argument(
        "--sim-seconds",
        type=options.positive_float,
        metavar="S",
        help="of simulated: length of a repetition (default 2)",
    )
    parser.add_argument(
        "--sim-seed", type=options.non_negative_int, metavar="N", help="of simulated (default 1)"
    )


def _add_reading(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--exercise", nargs="+", metavar="A", help="of Ninapro: A, B, C, D (default A, else the first)"
    )
    parser.add_argument(
        "--ring", metavar="NAME", help="of ninapro-db5 and grabmyo: elbow, wrist or both (default elbow)"
    )
    parser.add_argument(
        "--movements", nargs="+", metavar="A1", help="of Ninapro: those to tell apart (default all)"
    )
    parser.add_argument(
        "--edges", metavar="HOW", help="of csl, the row without signal: mask (default) or cut"
    )
    parser.add_argument(
        "--electrode-order",
        metavar="HOW",
        help="of csl and ice: grid (default), or published, as the published checkpoints have it",
    )
    parser.add_argument("--movement-only", action="store_true", help="Ninapro without its rest")


def add_vote(parser: argparse._ActionsContainer) -> None:
    """--vote N."""
    parser.add_argument(
        "--vote",
        type=options.positive_int,
        default=5,
        metavar="N",
        help="also report the majority of N successive windows (default 5)",
    )


def add_array(parser: argparse.ArgumentParser) -> None:
    """--array RxC."""
    parser.add_argument(
        "--array",
        type=options.grid,
        metavar="RxC",
        help="rows and columns of one electrode array, where the grid is made of several (default: as in training)",
    )


def add_placement(parser: argparse.ArgumentParser, auto: str | None = None) -> None:
    """--placement auto|none|VALUE; auto: what it means, None where it cannot be."""
    how = f"auto ({auto}), none" if auto else "none"
    parser.add_argument(
        "--placement",
        default="none",
        metavar="VALUE",
        help=f"how the electrode array lies: {how} (default), or what `align` found, such as rows=12",
    )


def say_reading(dataset: Dataset, console: Console) -> None:
    """How recordings were read, and what may be wrong with them."""
    for note in dataset.notes:
        console.print(note)
    for doubt in dataset.doubts:
        console.warn(doubt)


def warn_of_quality(dataset: Dataset, console: Console) -> Quality:
    """A warning for each kind of fault that electrodes have, naming them; `check` says more. Returns all that was found."""
    from emgdeploy.signals.quality.judge import judge

    quality = judge(dataset)
    for finding in quality.findings:
        console.warn(f"all electrodes: {finding.text}")
    kinds: dict[str, list[str]] = {}
    for channel in quality.channels:
        for finding in channel.findings:
            kinds.setdefault(finding.kind, []).append(f"column {channel.column}: {finding.text}")
    for found in kinds.values():
        more = f"; and {len(found) - 3} more (emgdeploy check lists them)" if len(found) > 3 else ""
        console.warn("; ".join(found[:3]) + more)
    for note in quality.notes:
        console.print(note)
    return quality


def say_match(matched: Matched, console: Console) -> None:
    """What was done to recordings that are not like those trained on, and what may be wrong with them."""
    for note in matched.notes:
        console.print(note)
    for doubt in matched.doubts:
        console.warn(doubt)


def warn_of_leak(split: Split, console: Console) -> None:
    """Say it where a split says more than there is to say."""
    if split.leaks:
        console.warn(
            f"the split {split.name} LEAKS: windows of the same trials are trained and tested on. Its accuracy "
            "is that of remembering; the published project's 97 to 99 % is measured so"
        )


def warn_of_leaking_training(leaks: bool, console: Console) -> None:
    """Say it where windows are tested on that may be of the trials that a leaking split trained on."""
    if leaks:
        console.warn(
            "the checkpoint was trained on a split that LEAKS: windows of the recordings that it was trained on say "
            "nothing about others"
        )


def choice(args: argparse.Namespace, base: DataChoice) -> DataChoice:
    """`base` with what the options say put over it. Raises UsageError for numbers that make no sense."""
    given = {
        "split": args.split,
        "test_share": args.test_share,
        "split_seed": args.split_seed,
        "folds": getattr(args, "folds", None),
        "test_repetitions": None if args.test_repetitions is None else tuple(args.test_repetitions),
        "subjects": None if args.subject is None else tuple(args.subject),
        "sessions": None if args.session is None else tuple(args.session),
    }
    changed = {name: value for name, value in given.items() if value is not None}
    reading = {field: getattr(args, name, None) for name, field in _READING.items()}
    read: dict[str, Any] = {
        field: tuple(value) if isinstance(value, list) else value
        for field, value in reading.items()
        if value is not None
    }
    if getattr(args, "movement_only", False):
        read["rest"] = False
    simulation = {field: getattr(args, name) for name, field in _SIMULATION.items()}
    simulated = {field: value for field, value in simulation.items() if value is not None}
    return replace(
        base,
        simulation=replace(base.simulation, **simulated),
        reading=replace(base.reading, **read),
        **changed,
    )
