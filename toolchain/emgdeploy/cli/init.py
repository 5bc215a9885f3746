"""`emgdeploy init`: a dataset.toml and an emgdeploy.toml for a folder of recordings."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import options, project
from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from emgdeploy.signals.readers.proposal import Told

NAME = "init"
HELP = "describe a folder of your own recordings: writes dataset.toml, reads them by it, and emgdeploy.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The folder, and what is known of it."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="where the recordings lie (default: here)",
    )
    parser.add_argument("--rate", type=options.positive_float, metavar="HZ", help="samples per second")
    parser.add_argument("--grid", type=options.grid, metavar="RxC", help="rows and columns of the array")
    parser.add_argument("--unit", metavar="UNIT", help="of the numbers: mV, uV, V or counts")
    parser.add_argument("--pattern", metavar="TEXT", help='such as "day{session}/{label}-{repetition}.csv"')
    parser.add_argument("--labels", nargs="+", metavar="NAME", help="gestures, in the order of their numbers")
    parser.add_argument("--label-column", metavar="COLUMN", help="its number from 0, or its name")
    parser.add_argument("--repetition-column", metavar="COLUMN", help="its number from 0, or its name")
    parser.add_argument(
        "--samples-array", default="x", metavar="NAME", help="of files with several arrays (default x)"
    )
    parser.add_argument("--label-array", metavar="NAME", help="the class of each sample, of such files")
    parser.add_argument("--force", action="store_true", help="replace a dataset.toml that is there")


def run(args: argparse.Namespace, console: Console) -> int:
    """Propose, ask for what is missing, read by it, and write."""
    from emgdeploy.files import write_atomic
    from emgdeploy.signals.readers import described, proposal

    path = args.folder / described.DESCRIPTION
    if path.exists() and not args.force:
        raise UsageError(f"{path} is there already", "--force replaces it")
    told = _told(args)
    found = proposal.propose(args.folder, told)
    if found.missing and sys.stdin.isatty() and not console.json_output:
        told = _asked(told, found.missing)
        found = proposal.propose(args.folder, told)
    if found.missing:
        what = "; ".join(f"{question} ({option})" for option, question in found.missing.items())
        raise UsageError(f"the files in {args.folder} do not say: {what}", f"add {' '.join(found.missing)}")
    dataset = proposal.read(found.text, args.folder)
    for note in (*found.notes, *dataset.notes):
        console.print(note)
    for doubt in (*found.doubts, *dataset.doubts):
        console.warn(doubt)
    write_atomic(path, found.text.encode())
    _write_project(args.folder, console)
    seconds = sum(len(recording.samples) for recording in dataset.recordings) / dataset.sample_rate_hz
    console.print(found.text)
    console.print(
        f"{path}: {len(dataset.recordings):,} trials of {len(dataset.labels)} gestures, {seconds:,.1f} s",
        style="bold",
    )
    console.print(f"next: emgdeploy check --dataset files --data {args.folder}")
    console.result(
        {
            "schema": "emgdeploy.init/1",
            "out": path,
            "recordings": len(dataset.recordings),
            "labels": dataset.labels,
            "sample_rate_hz": dataset.sample_rate_hz,
            "grid": dataset.grid,
            "notes": [*found.notes, *dataset.notes],
            "doubts": [*found.doubts, *dataset.doubts],
        }
    )
    return 0


def _write_project(folder: Path, console: Console) -> None:
    """emgdeploy.toml, unless one is there: it may hold what somebody wrote."""
    from emgdeploy.files import write_atomic

    path = folder / project.FILE
    if path.exists():
        console.print(f"{path} is there already and stays as it is")
        return
    write_atomic(path, project.text())
    console.print(f"{path}: in {folder} check, train, eval and build need no options but --board")


def _told(args: argparse.Namespace) -> Told:
    from emgdeploy.signals.readers import described
    from emgdeploy.signals.readers.proposal import Told

    if args.unit is not None:
        described.check_unit(args.unit)
    return Told(
        args.rate,
        args.grid,
        args.unit,
        args.pattern,
        None if args.labels is None else tuple(args.labels),
        _column(args.label_column),
        _column(args.repetition_column),
        args.samples_array,
        args.label_array,
    )


def _asked(told: Told, missing: dict[str, str]) -> Told:
    """What the user answers. Raises UsageError for an answer that cannot be."""
    from emgdeploy.signals.readers import described

    for option, question in missing.items():
        answer = input(f"{question}? ").strip()
        if option.startswith("--rate"):
            try:
                told = replace(told, rate_hz=options.positive_float(answer))
            except argparse.ArgumentTypeError as error:
                raise UsageError(str(error), "give a number of Hz, such as 1000") from None
        elif option.startswith("--unit"):
            described.check_unit(answer)
            told = replace(told, unit=answer)
        else:
            told = replace(told, label=_column(answer))
    return told


def _column(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text
