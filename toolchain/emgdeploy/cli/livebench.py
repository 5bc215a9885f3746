"""`emgdeploy bench --live`: what it plays, and what it says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import line, options, samplefile
from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emgdeploy.bench.livecheck import Clock, Played
    from emgdeploy.boards import Board
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.link.device_info import DeviceInfo

_MHZ = 1e6
_USUAL_HZ = 156e6  # the Spresense's, "what would this be on my board?"


def add(parser: argparse.ArgumentParser) -> None:
    """--live and what belongs to it."""
    group = parser.add_argument_group("live recognition")
    group.add_argument(
        "--live",
        action="store_true",
        help="of a build with --live: play samples (--samples, --dataset, or the image's own recording) through the "
        "device's preprocessing, and compare every window and decision with the host's",
    )
    group.add_argument(
        "--seconds",
        type=options.positive_float,
        default=10.0,
        metavar="S",
        help="of the image's own recording, round and round (default 10)",
    )
    group.add_argument(
        "--clock-mhz",
        type=options.positive_float,
        default=_USUAL_HZ / _MHZ,
        metavar="MHZ",
        help="the clock of the core whose time an emulated board is judged in (default 156, the Spresense's)",
    )


def run(args: argparse.Namespace, folder: Path, manifest: Manifest, board: Board, console: Console) -> int:
    """Play, and print the verdict. Raises what is wrong with it."""
    from emgdeploy.bench import livecheck
    from emgdeploy.flash import identity
    from emgdeploy.link.client import DeviceClient

    if manifest.live is None:
        raise UsageError("this build recognises nothing by itself", "build with --live")
    played = _played(args, folder, manifest, console)
    clock = _clock(args, folder, manifest)
    with (
        line.open_device(args, folder, manifest, board) as port,
        console.progress(f"live on {board.name}", played.total) as bar,
    ):
        client = DeviceClient(port, line.link_options(args), lambda info: identity.check(info, manifest))
        done = livecheck.run(folder, manifest, client, played, clock, lambda count: bar.advance(count))
    console.result(done.verdict)
    show(done.verdict, console)
    if done.problem is not None:
        raise done.problem
    return 0


def _played(args: argparse.Namespace, folder: Path, manifest: Manifest, console: Console) -> Played:
    from emgdeploy.bench.livecheck import Played
    from emgdeploy.deploy import sensing
    from emgdeploy.link.live import Origin

    if args.samples is not None or args.dataset is not None:
        matched, recording = samplefile.read(args, manifest, console)
        needed = max(matched.preprocess.electrodes) + 1
        samples = recording.samples[:, :needed]
        return Played(Origin.WIRE, samples, min(len(samples), args.limit or len(samples)))
    if sensing.ARTIFACT not in manifest.artifacts:
        raise UsageError(
            "there are no samples to play", "give --samples or --dataset, or build with --live-recording FILE"
        )
    found = sensing.load(manifest.artifact(folder, sensing.ARTIFACT)).millivolts
    from emgdeploy.bench.recognise import description

    return Played(Origin.RECORDING, found, round(args.seconds * description(manifest).sample_rate_hz))


def _clock(args: argparse.Namespace, folder: Path, manifest: Manifest) -> Callable[[DeviceInfo], Clock]:
    from emgdeploy.bench.livecheck import Clock
    from emgdeploy.bench.recognise import description
    from emgdeploy.emulate.cycles.folder import profile_folder

    rate = description(manifest).sample_rate_hz

    def of(info: DeviceInfo) -> Clock:
        if info.timing_source != "emulated-instructions":
            return Clock.of(rate, info.tick_hz, None, 1, 1)
        total = profile_folder(folder, manifest, wait_states=0).profile.total
        cycles = total.cycles or total.instructions
        return Clock.of(rate, info.tick_hz, args.clock_mhz * _MHZ, total.instructions, cycles)

    return of


def show(found: dict[str, Any], console: Console) -> None:
    """The verdict for people; its last line is the verdict itself."""
    console.print(
        f"samples: {found['samples']:,}, {found['lost']:,} lost ({found['overruns']:,} for want of room); windows: "
        f"{found['windows']:,}, {found['answered']:,} answered, {found['stale']:,} left out for a newer one, "
        f"{found['late']:,} later than the next one"
    )
    for name, what in (
        ("latency_s", "from a window's last sample to its event"),
        ("inference_s", "inference"),
    ):
        spread = found[name]
        if spread is not None and spread["p50"] is not None:
            p50, p99, most = (1e3 * spread[key] for key in ("p50", "p99", "max"))
            console.print(f"{what}: {p50:.2f} ms median, {p99:.2f} ms p99, {most:.2f} ms largest")
    if found["stale"] or found["late"]:
        console.warn("the device does not keep up: take a smaller network, a longer stride or a faster clock")
    if found["time"] is not None:
        console.print(f"times are {found['time']}")
    wrong = {name: len(ends) for name, ends in found["wrong"].items()}
    console.print(
        f"{found['events']:,} windows decided on {found['board']} as the host decides "
        f"({wrong['inputs']:,} other inputs, {wrong['outputs']:,} other outputs, {wrong['decisions']:,} other decisions)",
        style="bold green" if found["equal"] else "bold red",
    )
