"""`emgdeploy sweep`: which network is the most accurate that fits this board."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import dataoptions, options, picked
from emgdeploy.cli.console import Console
from emgdeploy.errors import InputError, UsageError

if TYPE_CHECKING:
    from emgdeploy.sweep.cost import Limits
    from emgdeploy.sweep.folds import Material
    from emgdeploy.sweep.trials import Trial
    from emgdeploy.sweep.workers import Pool

NAME = "sweep"
HELP = "search for the most accurate networks that fit a board and a deadline: sweep.json, sweep.html"

_KILOBYTE = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The board and its limits, the data, how long to search, and with whom."""
    options.add_board(parser)
    parser.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    dataoptions.add_data(parser)
    parser.add_argument(
        "--study",
        type=Path,
        default=Path("sweep"),
        metavar="DIR",
        help="folder of the study (default: sweep)",
    )
    picking = parser.add_argument_group("afterwards")
    picking.add_argument(
        "--pick",
        type=options.positive_int,
        metavar="N",
        help="search no more: the N-th network of the answer in --study (default: search)",
    )
    picking.add_argument("--build", action="store_true", help="with --pick: build it for the study's board")
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--max-latency-ms",
        type=options.positive_float,
        metavar="L",
        help="of one inference (default: no limit)",
    )
    limits.add_argument(
        "--max-ram-kb",
        type=options.positive_float,
        metavar="R",
        help="of the whole image (default: what the board has)",
    )
    limits.add_argument(
        "--max-flash-kb",
        type=options.positive_float,
        metavar="F",
        help="of the whole image (default: what the board has)",
    )
    search = parser.add_argument_group("search")
    search.add_argument(
        "--by",
        default="trial",
        metavar="WHAT",
        help="how the training trials are folded: subject, session, trial (default, 3 folds), or a number of folds",
    )
    search.add_argument(
        "--trials", type=options.positive_int, default=20, metavar="N", help="candidates (default 20)"
    )
    search.add_argument(
        "--hours",
        type=options.positive_float,
        metavar="H",
        help="begin no generation after this (default: no limit)",
    )
    search.add_argument(
        "--seed", type=options.non_negative_int, default=1, metavar="N", help="of the search (default 1)"
    )
    search.add_argument(
        "--network",
        action="append",
        metavar="NAME",
        help="search among these only; your own is MODULE:FUNCTION (default: all that suit the data)",
    )
    search.add_argument(
        "--storage", metavar="URL", help="Optuna's database instead of the study's journal file"
    )
    workers = parser.add_argument_group("workers")
    workers.add_argument(
        "--workers", type=options.positive_int, default=1, metavar="N", help="on this machine (default 1)"
    )
    workers.add_argument("--address", metavar="RAY", help="of a Ray cluster that trains instead")


def run(args: argparse.Namespace, console: Console) -> int:
    """Search, test the front on unseen trials, write the answer. What is known stays when it is ended."""
    from emgdeploy.boards import load_board
    from emgdeploy.nets import registry
    from emgdeploy.signals import datasets
    from emgdeploy.sweep import answer, electrodes
    from emgdeploy.sweep.cost import Costs
    from emgdeploy.sweep.search import Search
    from emgdeploy.sweep.space import Space
    from emgdeploy.sweep.workers import Question, Workers

    if args.pick is not None or args.build:
        return picked.run(args, console)
    if args.board is None or args.dataset is None:
        missing = "--board" if args.board is None else "--dataset"
        raise UsageError(
            f"sweep needs {missing}", f"add {missing}, or --pick N for a network of an earlier answer"
        )
    for name in args.network or ():
        registry.check_name(name)
    board, limits, material = load_board(args.board), _limits(args), _material(args, console)
    space = Space.usual(datasets.default_preprocess(material.dataset).grid, args.network or ())
    search = Search(args.study, space, args.seed, args.storage)
    pool = _pool(args)
    workers = Workers(
        Question(material, board, limits), Costs(args.study / "costs.json", board), search.book, pool
    )
    begun = time.monotonic()
    try:
        with console.progress("searching", args.trials) as bar:
            for trial in search.run(args.trials, workers, lambda: _goes_on(args, begun)):
                bar.advance(note=_line(trial))
    finally:
        pool.close()
    trials = search.book.all()
    best = {
        trial.candidate.key: trial for trial in answer.front(trials) + answer.front(answer.learned(trials))
    }
    with console.progress("testing the front on unseen trials", None):
        found = answer.finals(list(best.values()), material, args.study)
    with console.progress("choosing electrodes", None):
        enough = electrodes.curve(material)
    table = answer.table(args.board, limits, trials, found, material, args.study, enough)
    answer.save(table, args.study)
    _show(table, args.study, console)
    console.result({**table, "study": args.study})
    if not best:
        raise InputError("no candidate fits the limits", "raise them, or choose a larger board")
    return 0


def _limits(args: argparse.Namespace) -> Limits:
    from emgdeploy.sweep.cost import Limits

    kilobytes = (args.max_ram_kb, args.max_flash_kb)
    ram, flash = (None if size is None else int(size * _KILOBYTE) for size in kilobytes)
    return Limits(args.max_latency_ms, ram, flash)


def _material(args: argparse.Namespace, console: Console) -> Material:
    from emgdeploy.signals.choice import DataChoice
    from emgdeploy.sweep.folds import Material

    if args.by not in ("subject", "session", "trial") and not (args.by.isdecimal() and int(args.by) >= 2):
        raise UsageError(
            f"--by {args.by} is no way to fold", "give subject, session, trial, or a number from 2"
        )
    choice = dataoptions.choice(args, DataChoice(args.dataset))
    dataset = choice.load(args.data)
    dataoptions.say_reading(dataset, console)
    dataoptions.warn_of_quality(dataset, console)
    return Material.of(choice, dataset, args.by)


def _pool(args: argparse.Namespace) -> Pool:
    from emgdeploy.sweep.workers import Pool, RayPool

    if args.workers == 1 and args.address is None:
        return Pool()
    return RayPool(args.workers, args.address)


def _goes_on(args: argparse.Namespace, begun: float) -> bool:
    return args.hours is None or time.monotonic() - begun < args.hours * 3600


def _line(trial: Trial) -> str:
    name = f"{trial.candidate.network} width {trial.candidate.width:g}"
    if trial.accuracy is None:
        return f"{name}: {trial.state}, {trial.why}"
    return f"{name}: {trial.accuracy:.1%}, {trial.cost.cycles or trial.cost.macs:,}"


def _show(table: dict[str, Any], study: Path, console: Console) -> None:
    console.print(table["verdict"], style="bold")
    by_id = {row["id"]: row for row in table["trials"]}
    shown = list(dict.fromkeys([*table["front"], *table["front_learned"]]))
    rows = [
        (
            row["network"],
            row["settings"]["width"],
            row["cycles"],
            row["latency_ms"],
            f"{row['ram_bytes'] / _KILOBYTE:,.0f} KB",
            f"{row['flash_bytes'] / _KILOBYTE:,.0f} KB",
            f"{row['accuracy_int8']:.1%}",
            f"{row['test']['accuracy']:.1%}",
        )
        for row in (by_id[key] for key in shown)
    ]
    headers = ("network", "width", "cycles", "ms", "RAM", "flash", "folds", "unseen")
    console.table(headers, rows, "what no other candidate beats, and no other network of learned features")
    for key in shown:
        console.print(by_id[key]["build_command"])
    _show_electrodes(table["electrodes"], console)
    console.print(f"written: {study / 'sweep.json'}, {study / 'sweep.html'}")


def _show_electrodes(found: dict[str, Any], console: Console) -> None:
    curve, columns = found["curve"], found["grid"][1]
    rows = [(row["count"], f"{row['folds']:.1%}", f"{row['unseen']:.1%}") for row in curve]
    console.table(
        ("electrodes", "folds", "unseen"), rows, "how many electrodes an LDA needs, the most telling first"
    )
    enough = next(row for row in curve if row["count"] == found["enough"])
    places = ", ".join(f"row {place // columns} column {place % columns}" for place in enough["places"])
    named = f": {places}" if enough["count"] < curve[-1]["count"] else ""
    console.print(f"{enough['count']} of {curve[-1]['count']} electrodes are enough on the folds{named}")
