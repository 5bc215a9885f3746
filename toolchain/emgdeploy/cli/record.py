"""`emgdeploy record`: guided recording, from prompts to a data set."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import livesource, options
from emgdeploy.cli.console import Console
from emgdeploy.errors import GateFailed, UsageError

if TYPE_CHECKING:
    from emgdeploy.signals.guided.conduct import Conductor, Pace
    from emgdeploy.signals.guided.folder import Array
    from emgdeploy.signals.quality.judge import Quality
    from emgdeploy.signals.sources.feed import About

NAME = "record"
HELP = "guided recording: asks for gestures one by one and writes a data set that train reads"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The source, what to ask for, and how the array lies."""
    livesource.add(parser, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder of the data set")
    parser.add_argument(
        "--gestures", nargs="+", required=True, metavar="NAME", help="what to ask for; name rest as well"
    )
    parser.add_argument(
        "--repetitions", type=options.positive_int, default=10, metavar="N", help="of each (default 10)"
    )
    parser.add_argument(
        "--positions", nargs="+", default=[""], metavar="NAME", help="of the limb: all of it in each"
    )
    parser.add_argument(
        "--forces", nargs="+", default=[""], metavar="NAME", help="all of it with each, such as 20%% 60%%"
    )
    for name, seconds, what in (
        ("hold", 3.0, "that a gesture is held"),
        ("pause", 3.0, "of rest before each"),
        ("reaction", 0.5, "at the beginning of a hold that are not kept"),
    ):
        parser.add_argument(
            f"--{name}",
            type=options.positive_float,
            default=seconds,
            metavar="S",
            help=f"seconds {what} (default {seconds:g})",
        )
    _add_array(parser)
    parser.add_argument("--subject", type=options.positive_int, default=1, metavar="N", help="default 1")
    parser.add_argument("--session", type=options.positive_int, default=1, metavar="N", help="default 1")
    parser.add_argument(
        "--seed", type=options.non_negative_int, default=0, metavar="N", help="of the order (default 0)"
    )
    parser.add_argument(
        "--check",
        choices=("on", "off"),
        default="on",
        help="whether electrodes that fail keep it from beginning (default on)",
    )


def _add_array(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grid", type=options.grid, metavar="RxC", help="rows and columns of the array (default one row)"
    )
    parser.add_argument(
        "--electrodes",
        type=int,
        nargs="+",
        metavar="COLUMN",
        help="the source's column, from 0, of each place of the grid, row by row; -1 for none (default all)",
    )
    parser.add_argument(
        "--rate", type=options.positive_float, metavar="HZ", help="of a source that does not say it"
    )
    parser.add_argument(
        "--scale",
        type=options.positive_float,
        metavar="MV",
        help="millivolts of one unit of a source that does not say it (without: counts)",
    )
    parser.add_argument(
        "--columns", type=options.positive_int, metavar="N", help="of a source that does not say it"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Ask, keep, and say what there is now."""
    from emgdeploy.cli.recordscreen import RecordScreen
    from emgdeploy.signals.decisions import rest_class
    from emgdeploy.signals.guided.conduct import Conductor, Pace
    from emgdeploy.signals.guided.folder import Folder
    from emgdeploy.signals.guided.plan import plan
    from emgdeploy.signals.sources import kinds
    from emgdeploy.signals.sources.address import Wanted
    from emgdeploy.signals.sources.live import Live

    gestures = tuple(args.gestures)
    pace = Pace(args.hold, args.pause, args.reaction, 3.0 if args.check == "on" else 0.0)
    _sensible(gestures, pace)
    rest = rest_class(gestures)
    if rest is None:
        console.warn("none of --gestures means rest: what is trained on this has no rest to fall back to")
    trials = plan(gestures, args.repetitions, args.positions, args.forces, args.seed)
    feed = kinds.open_feed(args.source, Wanted(args.columns, args.columns or 1))
    with closing(Live(feed, *_rate_and_scale(args, feed.about))) as source:
        array = _array(args, feed.about, console)
        folder = Folder(args.out, array, gestures, args.subject, args.session)
        screen = RecordScreen(console, args.source in ("-", "stdin:"))
        follow = getattr(feed, "asked", lambda gesture: None)
        conductor = Conductor(
            *(source, array, folder, pace, screen, follow), gestures[rest] if rest is not None else "rest"
        )
        if pace.check:
            _check(conductor, console)
        kept = conductor.follow(trials)
    console.print(f"{args.out}: {kept} of {len(trials)} trials of {len(gestures)} gestures", style="bold")
    console.print(f"emgdeploy train --dataset files --data {args.out} --out run")
    console.result(
        {
            "schema": "emgdeploy.record/1",
            "out": args.out,
            "kept": kept,
            "trials": len(trials),
            "lost": source.lost,
        }
    )
    return 0


def _sensible(gestures: tuple[str, ...], pace: Pace) -> None:
    if len(set(gestures)) != len(gestures) or len(gestures) < 2 or not all(map(str.strip, gestures)):
        raise UsageError("--gestures must be two different names or more", "name each gesture once")
    if pace.reaction >= pace.hold:
        raise UsageError("--reaction leaves nothing of --hold", "hold longer, or leave out less")


def _rate_and_scale(args: argparse.Namespace, about: About) -> tuple[float, float]:
    rate = about.sample_rate_hz or args.rate
    if rate is None:
        raise UsageError(f"{about.title} does not say its rate", "say it with --rate")
    if args.rate not in (None, rate):
        raise UsageError(f"{about.title} sends {rate:g} Hz, --rate says {args.rate:g}", "leave --rate out")
    return rate, args.scale or about.scale or 1.0


def _array(args: argparse.Namespace, about: About, console: Console) -> Array:
    from emgdeploy.signals.guided.folder import Array
    from emgdeploy.signals.recordings import COUNTS, MILLIVOLTS

    columns = about.columns or args.columns
    if columns is None:
        raise UsageError(f"{about.title} does not say how many columns a sample has", "say it with --columns")
    electrodes = tuple(args.electrodes or range(columns))
    grid = args.grid or (1, len(electrodes))
    if grid[0] * grid[1] != len(electrodes) or not all(-1 <= one < columns for one in electrodes):
        raise UsageError(
            f"a {grid[0]}x{grid[1]} grid has {grid[0] * grid[1]} places, the source {columns} columns",
            "name a column from 0 for each place with --electrodes; -1 where there is none",
        )
    known = args.scale or about.scale
    if not known:
        console.warn(f"{about.title} does not say its unit: the numbers are kept as counts; --scale says it")
    rate, _ = _rate_and_scale(args, about)
    return Array(rate, grid, electrodes, MILLIVOLTS if known else COUNTS, about.names)


def _check(conductor: Conductor, console: Console) -> None:
    quality: Quality = conductor.check()
    for channel in quality.channels:
        for finding in channel.findings:
            console.warn(f"{channel}: {finding.text}")
    for finding in quality.findings:
        console.warn(finding.text)
    if quality.fails:
        raise GateFailed(
            "electrodes fail the signal check, and nothing was recorded",
            "see to these electrodes, leave them out with -1 among --electrodes, or record with --check off",
        )
