"""`emgdeploy check`: whether recordings can be what they are said to be, electrode by electrode."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import dataoptions, options
from emgdeploy.cli.console import Console
from emgdeploy.errors import GateFailed, UsageError

if TYPE_CHECKING:
    from emgdeploy.signals.quality.judge import Quality
    from emgdeploy.signals.recordings import Dataset

NAME = "check"
HELP = "signal quality of recordings, electrode by electrode; ends with 1 where one fails"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recordings, or one file of samples, and where the picture goes."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    source.add_argument("--samples", type=Path, metavar="FILE", help="one file of samples")
    dataoptions.add_data(parser)
    parser.add_argument(
        "--rate",
        type=options.positive_float,
        metavar="HZ",
        help="of --samples; without it hum is not looked for",
    )
    parser.add_argument(
        "--grid",
        type=options.grid,
        metavar="RxC",
        help="of --samples: rows and columns of the array (default one row)",
    )
    parser.add_argument(
        "--unit", default="mV", metavar="UNIT", help="of --samples: mV (default), uV, V or counts"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="write the array as a picture")


def run(args: argparse.Namespace, console: Console) -> int:
    """Check and print. Raises GateFailed where a channel or the whole array fails."""
    from emgdeploy.files import write_atomic
    from emgdeploy.signals.quality.judge import judge
    from emgdeploy.signals.quality.picture import svg_of, text_of

    dataset = _dataset(args)
    dataoptions.say_reading(dataset, console)
    quality = judge(dataset, rate_known=args.samples is None or args.rate is not None)
    windowless = _windowless(args, dataset)
    for name in windowless:
        console.warn(f"{name} gives no window: it is too short, or no class lasts long enough")
    for line in text_of(quality):
        console.print(line)
    _show(quality, console)
    if args.picture is not None:
        write_atomic(args.picture, svg_of(quality, f"{dataset.name}: {len(quality.channels)} electrodes"))
        console.print(f"{args.picture}: the array as a picture")
    console.result(
        {
            "schema": "emgdeploy.check/1",
            "dataset": dataset.name,
            "recordings": len(dataset.recordings),
            "sample_rate_hz": dataset.sample_rate_hz,
            "fails": quality.fails,
            "without_window": windowless,
            "reading": [*dataset.notes, *dataset.doubts],
            **quality.to_dict(),
        }
    )
    if quality.fails:
        raise GateFailed(
            _verdict(quality),
            "correct unit and electrodes in dataset.toml (-1 leaves one out), or record again; docs/data.md says "
            "what each finding means",
        )
    console.print(f"{_verdict(quality)}: nothing that keeps them from training", style="bold")
    return 0


def _show(quality: Quality, console: Console) -> None:
    rows = [
        (c.column, c.name or "-", f"{c.place[0]}, {c.place[1]}", f.severity, f.kind, f.text)
        for c in quality.channels
        for f in c.findings
    ]
    if rows:
        console.table(("column", "name", "row, column", "", "what", "seen"), rows)
    for finding in quality.findings:
        console.print(f"all electrodes, {finding.severity}: {finding.text}")
    for note in quality.notes:
        console.print(note)


def _verdict(quality: Quality) -> str:
    count = len(quality.channels)
    bad = sum(channel.severity == "fail" for channel in quality.channels)
    if bad or not quality.fails:
        return f"{bad} of {count} electrodes fail"
    return f"all {count} electrodes together fail: " + "; ".join(
        f.kind for f in quality.findings if f.severity == "fail"
    )


def _dataset(args: argparse.Namespace) -> Dataset:
    from emgdeploy.signals.choice import DataChoice

    if args.samples is None:
        if args.rate is not None or args.grid is not None:
            raise UsageError(
                "--rate and --grid describe --samples; a data set brings its own", "leave them out"
            )
        return dataoptions.choice(args, DataChoice(args.dataset)).load(args.data)
    from emgdeploy.signals.readers import table

    return table.read_one(args.samples, args.rate or 1000.0, args.grid, args.unit)


def _windowless(args: argparse.Namespace, dataset: Dataset) -> list[str]:
    """The recordings of a data set that give no window with its usual preprocessing."""
    from emgdeploy.signals import datasets
    from emgdeploy.signals.images import without_windows

    if args.samples is not None:
        return []
    return without_windows(dataset.recordings, datasets.default_preprocess(dataset))
