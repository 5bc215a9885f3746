"""`emgdeploy run`: live recognition, samples in, gestures out."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import line, options
from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from emgdeploy.bench.recognise import Recognised
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.signals import Preprocess
    from emgdeploy.signals.single import Single

NAME = "run"
HELP = "live recognition: samples in, gestures out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where samples come from, on which device, over which line."""
    options.add_build(parser)
    options.add_port(parser)
    parser.add_argument(
        "--samples",
        required=True,
        metavar="FILE",
        help=".npy, .npz (array x) or .csv of samples in millivolts, a row per sampling interval, a column per channel; "
        "- reads such lines from standard input as they come",
    )
    parser.add_argument(
        "--vote",
        type=options.positive_int,
        default=1,
        metavar="N",
        help="majority of the last N windows (default 1)",
    )
    parser.add_argument(
        "--fast", action="store_true", help="a file as fast as the device goes, not in its own time"
    )
    parser.add_argument("--limit", type=options.positive_int, metavar="N", help="stop after N windows")
    parser.add_argument(
        "--every", action="store_true", help="print every window, not only changes of gesture"
    )
    line.add(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Recognise until the samples end."""
    from emgdeploy.bench import recognise
    from emgdeploy.boards import load_board
    from emgdeploy.firmware.builds import find
    from emgdeploy.flash import identity
    from emgdeploy.link.client import DeviceClient

    folder, manifest = find(args.build)
    preprocess = recognise.description(manifest)
    pieces = _pieces(args, preprocess)
    names = _names(manifest)
    found: list[Recognised] = []
    with line.open_device(args, folder, manifest, load_board(manifest.board)) as port:
        client = DeviceClient(port, line.link_options(args), lambda info: identity.check(info, manifest))
        for window in recognise.recognise(manifest, client, pieces, args.vote):
            if args.every or not found or found[-1].voted != window.voted:
                console.print(_line(window, names))
            found.append(window)
            if len(found) == args.limit:
                break
    _summary(found, preprocess, console)
    console.result(
        {
            "schema": "emgdeploy.run/1",
            "board": manifest.board,
            "labels": names,
            "windows": [dataclasses.asdict(window) for window in found],
        }
    )
    return 0


def _pieces(args: argparse.Namespace, preprocess: Preprocess) -> Iterator[Single]:
    from emgdeploy.signals import samples

    if args.samples == "-":
        return samples.read_lines(sys.stdin, preprocess.stride_samples)
    parts = samples.pieces(samples.load(Path(args.samples)), preprocess.stride_samples)
    return parts if args.fast else samples.paced(parts, preprocess.sample_rate_hz)


def _names(manifest: Manifest) -> list[str]:
    from emgdeploy.bench.workload import outputs_of

    return list(manifest.output.labels or map(str, range(outputs_of(manifest))))


def _line(window: Recognised, names: list[str]) -> str:
    own = "" if window.voted == window.gesture else f" (this window: {names[window.gesture]})"
    return f"{window.end_s:9.3f} s  {names[window.voted]}{own}"


def _summary(found: list[Recognised], preprocess: Preprocess, console: Console) -> None:
    """How many windows, and whether the answers kept up. Raises UsageError when there was none."""
    if not found:
        raise UsageError(
            f"the samples end before the first window of {preprocess.window_samples} is whole",
            "give more samples",
        )
    lags = sorted(window.lag_s for window in found)
    console.print(
        f"{len(found):,} windows; from the last sample to the answer {lags[len(lags) // 2] * 1e3:.1f} ms median, "
        f"{lags[-1] * 1e3:.1f} ms largest; a window every {preprocess.stride_ms:g} ms"
    )
