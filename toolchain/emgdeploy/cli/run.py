"""`emgdeploy run`: live recognition, samples in, gestures out."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import dataoptions, line, livepage, livesource, options, samplefile
from emgdeploy.cli import folder as folders
from emgdeploy.cli.console import Console
from emgdeploy.cli.runview import RunView

if TYPE_CHECKING:
    from emgdeploy.bench.recognise import Recognised, Settings
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.signals import Preprocess
    from emgdeploy.signals.sources.source import Source

NAME = "run"
HELP = "live recognition: samples in, gestures out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where samples come from, on which device, over which line."""
    options.add_build(parser)
    options.add_port(parser)
    options.add_trust(parser)
    _add_samples(parser)
    _add_decisions(parser)
    parser.add_argument(
        "--fast", action="store_true", help="a recording as fast as the device goes, not in its own time"
    )
    parser.add_argument(
        "--limit",
        type=options.positive_int,
        metavar="N",
        help="stop after N windows (default: at the end of the samples)",
    )
    parser.add_argument(
        "--every", action="store_true", help="print every window, not only changes of gesture"
    )
    parser.add_argument(
        "--send",
        action="append",
        default=[],
        metavar="KIND:WHERE",
        help="decisions to udp:HOST:PORT (JSON, a datagram for each window), osc:HOST:PORT or lsl:NAME (markers where "
        "they change) as well; more than once",
    )
    parser.add_argument(
        "--view",
        nargs="?",
        type=options.non_negative_int,
        const=0,
        metavar="PORT",
        help="show the session on a page of this machine, for your browser; its address is printed (needs the extra view)",
    )
    line.add(parser)


def _add_samples(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--samples",
        metavar="FILE",
        help=f"{samplefile.FILES}; - reads lines of numbers from standard input as they come",
    )
    livesource.add(source)
    source.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    samplefile.add(parser)
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE.npz",
        help="keep the samples as they come, in a file that train, eval, run, check and bench read",
    )
    parser.add_argument(
        "--bad-lines",
        type=options.positive_int,
        default=100,
        metavar="N",
        help="of lines that come: give up after N in a row that are no samples (default 100)",
    )


def _add_decisions(parser: argparse.ArgumentParser) -> None:
    options.add_decisions(parser)
    parser.add_argument(
        "--vote",
        type=options.positive_int,
        metavar="N",
        help="of --decisions: majority of the last N windows (default: as the model says)",
    )
    parser.add_argument(
        "--late",
        choices=("drop", "keep"),
        default="drop",
        help="what becomes of windows that are late when a newer one is whole (default drop; a recording that is "
        "played --fast has none)",
    )
    parser.add_argument(
        "--hold-ms",
        type=options.positive_float,
        metavar="MS",
        help="of --decisions: how long a decision outlasts the last window that decided (default: as the model says)",
    )
    parser.add_argument(
        "--rest",
        metavar="LABEL",
        help="of --decisions: the gesture to fall back to (default: the label that means rest)",
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Recognise until the samples end."""
    from emgdeploy.bench import recognise
    from emgdeploy.bench.outputs.output import open_output
    from emgdeploy.boards import load_board
    from emgdeploy.flash import identity
    from emgdeploy.link.client import DeviceClient

    folder, manifest = folders.find(args.build, console)
    names = recognise.labels_of(manifest)
    settings = _settings(args, manifest)
    adaptable = manifest.adapt.what != "none"
    with ExitStack() as held:
        outputs = [held.enter_context(closing(open_output(text))) for text in args.send]
        if not adaptable:
            preprocess, source = _source(args, manifest, console)
            held.enter_context(closing(source))
        port = held.enter_context(line.open_device(args, folder, manifest, load_board(manifest.board)))
        if adaptable:  # where the array lies belongs to the parameters that the device uses
            manifest = line.parameters_in_use(port, line.link_options(args), folder, manifest)
            preprocess, source = _source(args, manifest, console)
            held.enter_context(closing(source))
        client = DeviceClient(port, line.link_options(args), lambda info: identity.check(info, manifest))
        watching = _no_page
        if args.view is not None:
            scene = livepage.scene(args, manifest, preprocess, names)
            page = held.enter_context(closing(livepage.Page(scene, args.view, console)))
            source, watching = page.watched(source), page.decided
        session = recognise.Recognition(manifest, preprocess, client, source, settings, console.warn)
        view = RunView(args, manifest, session, names, console, outputs, watching)
        session.silent = view.silent
        view.follow()
    return 0


def _no_page(window: Recognised) -> None:
    """Nobody watches."""


def _source(args: argparse.Namespace, manifest: Manifest, console: Console) -> tuple[Preprocess, Source]:
    """The samples, and the build's preprocessing with their electrodes."""
    from emgdeploy.signals import recordingspool
    from emgdeploy.signals.sources.played import Played

    if args.record is not None:
        recordingspool.check(args.record)
    live = "-" if args.samples == "-" else args.source
    source: Source
    if live is not None:
        usual = samplefile.reading(args, manifest)
        how, source = livesource.open_source(live, usual, args.bad_lines, console)
        preprocess, rate, unit, names = how.preprocess, how.sample_rate_hz, how.unit, how.names
    else:
        matched, recording = samplefile.read(args, manifest, console)
        dataset, preprocess = matched.dataset, matched.preprocess
        rate, unit, names = dataset.sample_rate_hz, dataset.unit, dataset.columns
        source = Played(recording.samples, rate, not args.fast)
    if args.record is not None:
        source = livesource.recorded(source, args.record, rate, unit, names, console)
    return preprocess, source


def _settings(args: argparse.Namespace, manifest: Manifest) -> Settings:
    from emgdeploy.bench.recognise import Settings
    from emgdeploy.signals.decisions import Rules, read_rules

    if args.decisions is not None:
        rules = read_rules(args.decisions)
    else:
        rules = Rules.from_dict(manifest.decisions or {}, "manifest.json: decisions")
    given = {"vote": args.vote, "hold_ms": args.hold_ms, "rest": args.rest}
    rules = replace(rules, **{name: value for name, value in given.items() if value is not None})
    return Settings(rules, args.late == "drop" and not args.fast)
