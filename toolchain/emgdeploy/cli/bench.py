"""`emgdeploy bench`: stream windows through the device and compare every answer bit for bit."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import dataoptions, line, livebench, options, samplefile
from emgdeploy.cli import folder as folders
from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.bench.runner import BenchOptions, BenchResult
    from emgdeploy.bench.workload import Workload
    from emgdeploy.firmware.manifest import Manifest

NAME = "bench"
HELP = "stream windows through the device, compare every answer with the reference, measure"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to bench, on which device, over which line."""
    options.add_build(parser)
    options.add_port(parser)
    options.add_trust(parser)
    options.add_anonymous(parser)
    source = parser.add_mutually_exclusive_group()
    options.add_windows(source)
    source.add_argument("--samples", metavar="FILE", help=samplefile.FILES)
    source.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    samplefile.add(parser)
    parser.add_argument(
        "--limit",
        type=options.positive_int,
        metavar="N",
        help="only N windows, spread over all gestures (default: all)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="begin anew instead of going on where an interrupted bench stopped",
    )
    parser.add_argument(
        "--deadline-ms",
        type=options.positive_float,
        metavar="MS",
        help="count inferences that take longer (default: the preprocessing's stride)",
    )
    parser.add_argument(
        "--timing-gate",
        type=options.positive_float,
        metavar="SHARE",
        help="fail when the time is off the expected one by more (default: 0.01 on emulated boards)",
    )
    livebench.add(parser)
    line.add(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Bench, and print the verdict."""
    from emgdeploy import bench
    from emgdeploy.boards import load_board
    from emgdeploy.firmware import integrity

    folder, manifest = folders.find(args.build, console)
    integrity.check_all(folder, manifest.hashes)
    board = load_board(manifest.board)
    if args.live:
        return livebench.run(args, folder, manifest, board, console)
    wanted = _options(args)
    if manifest.taps_of is not None:
        console.note("a build with taps: every time holds its checksums too")
    work = None if manifest.adapt.what != "none" else _said(args, folder, manifest, console)
    with line.open_device(args, folder, manifest, board) as port:
        if work is None:
            manifest = line.parameters_in_use(port, wanted.link, folder, manifest)
            work = _said(args, folder, manifest, console)
        with console.progress(f"bench on {board.name}", min(len(work), args.limit or len(work))) as bar:
            result = bench.run(
                folder,
                manifest,
                port,
                work,
                wanted,
                progress=lambda count, note: bar.advance(count, note),
                trace=(lambda way, data: console.detail(f"{way} {data.hex(' ')}")) if console.trace else None,
            )
    console.result(result.verdict)
    show(result, console)
    if result.interrupted:
        raise KeyboardInterrupt
    if result.problem is not None:
        raise result.problem
    return 0


def _said(args: argparse.Namespace, folder: Path, manifest: Manifest, console: Console) -> Workload:
    """The windows to bench, and what may be wrong with them."""
    work = _workload(args, folder, manifest, console)
    for doubt in work.doubts:
        console.warn(doubt)
    return work


def _workload(args: argparse.Namespace, folder: Path, manifest: Manifest, console: Console) -> Workload:
    from emgdeploy.bench import workload

    if args.windows is not None:
        work = workload.from_file(args.windows, folder, manifest)
        return replace(work, source="a window file") if args.anonymous else work
    if args.samples is None and args.dataset is None:
        return workload.from_build(folder, manifest)
    matched, recording = samplefile.read(args, manifest, console)
    if args.anonymous:
        recording = replace(recording, name="a recording")
    return workload.from_recording(matched, recording, folder, manifest)


def _options(args: argparse.Namespace) -> BenchOptions:
    from emgdeploy.bench import BenchOptions

    link = line.link_options(args)
    return BenchOptions(
        limit=args.limit,
        deadline_us=None if args.deadline_ms is None else args.deadline_ms * 1000,
        timing_gate=args.timing_gate,
        one_at_a_time=link.in_flight_windows == 1,
        fresh=args.fresh,
        link=link,
    )


def show(result: BenchResult, console: Console) -> None:
    """The verdict for people; its last line is the verdict itself."""
    found = result.verdict
    console.print(f"inference: {_device_time(found)}")
    if found["timing_doubt"]:
        console.warn(f"no time of the device's is believed: {found['timing_doubt']}")
    if found["deadlines_missed"] is not None:
        console.print(
            f"deadline of {found['deadline_us'] / 1000:g} ms: missed by {found['deadlines_missed']:,} of "
            f"{found['answered']:,}, by {found['deadline_source']}"
        )
    if found["accuracy"]:
        shares = ", ".join(
            f"{name} {share:.2%}" for name, share in found["accuracy"].items() if share is not None
        )
        console.print(f"accuracy: {shares}")
    if found["retried"] or found["frames_rejected"] or found["resets"]:
        late = f" ({found['late']:,} answers came late, nothing of them was lost)" if found["late"] else ""
        console.print(
            f"link: {found['retried']:,} frames sent again{late}, {found['frames_rejected']:,} rejected, "
            f"{found['resets']:,} restarts of the device"
        )
    if found["resumed"]:
        console.print(
            f"{found['resumed']['windows']:,} of these answers are of an interrupted bench before this one"
        )
    if found["not_resumed"]:
        console.warn(f"begun anew, without the interrupted bench in the folder: {found['not_resumed']}")
    if result.unsaved is None:
        console.print(f"report: {result.html_path}")
    else:
        console.warn(
            f"{result.json_path} could not be written ({result.unsaved.strerror}): the verdict is here alone"
        )
    good = not found["wrong_bits"] and found["complete"]
    console.print(
        f"{found['correct_bits']:,} of {found['windows']:,} windows bit-exact on {found['board']}"
        f" ({found['wrong_bits']:,} wrong, {found['unanswered']:,} unanswered)",
        style="bold green" if good else "bold red",
    )


def _device_time(found: dict[str, Any]) -> str:
    spread, cycles = found["latency_us"]["device"], found["cycles"]
    if spread["p50"] is None:
        return "its time is not known" if found["answered"] else "no answer"
    text = f"{spread['p50'] / 1000:,.3f} ms median, {spread['max'] / 1000:,.3f} ms largest"
    if found["timing_source"] == "emulated-instructions":
        text += f" at one instruction per cycle ({cycles['p50']:,} instructions)"
    elif found["timing_source"] != "host-clock":
        text += f" ({cycles['p50']:,} cycles)"
    return text
