"""`emgdeploy doctor --link-test`: how good a cable is."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from emgdeploy.cli import folder as folders
from emgdeploy.cli import line, options
from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.link.port import Port
    from emgdeploy.link.quality import Quality


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which line to test, and for how long."""
    group = parser.add_argument_group("link test")
    group.add_argument("--link-test", action="store_true", help="measure how good the line to a device is")
    options.add_port(group)
    options.add_build(group)
    options.add_trust(group)
    group.add_argument(
        "--seconds",
        type=options.positive_float,
        default=5.0,
        metavar="S",
        help="how long to measure (default: 5)",
    )
    group.add_argument(
        "--inject",
        metavar="FAULTS",
        help="spoil the line on purpose, for example replace=1e-3,echo=1,baud=115200, to see what is survived",
    )
    line.add(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Measure, and say what it means. Raises LinkError's children when nothing gets through."""
    from emgdeploy.link import quality
    from emgdeploy.link.client import DeviceClient
    from emgdeploy.link.proxy import FaultyPort
    from emgdeploy.link.proxy.plan import parse

    plan, wanted = parse(args.inject or ""), line.link_options(args)
    with _port(args, console) as port, console.progress("measuring", args.seconds) as bar:
        cable = FaultyPort(port, plan) if args.inject else port
        found = quality.measure(DeviceClient(cable, wanted), args.seconds, lambda step: bar.advance(step))
        name = port.name
    console.result({"port": name, "grade": found.grade, **vars(found)})
    _show(found, name, console)
    return 0


@contextmanager
def _port(args: argparse.Namespace, console: Console) -> Iterator[Port]:
    """The named port, opened as the board of --build wants it, or the emulator of a build."""
    from emgdeploy.boards import load_board

    if args.port is None or args.build is not None:
        folder, manifest = folders.find(args.build, console)
        with line.open_device(args, folder, manifest, load_board(manifest.board)) as port:
            yield port
        return
    alone = line.open_port(args, None)
    try:
        yield alone
    finally:
        alone.close()


def _show(found: Quality, name: str, console: Console) -> None:
    rows = [
        (
            size.length,
            size.tried,
            size.lost,
            size.late,
            "-" if size.median_s is None else f"{size.median_s * 1000:.2f} ms",
        )
        for size in found.sizes
    ]
    console.table(("payload bytes", "echoes", "lost", "late", "median round trip"), rows)
    if found.untransparent:
        values = " ".join(f"{value:02x}" for value in found.untransparent)
        console.print(f"among these byte values some do not get through, so frames travel as text: {values}")
    console.print(f"payload: {found.payload_bytes_per_s:,.0f} bytes/s, one frame at a time")
    if found.late:
        console.print(
            f"{found.late:,} echoes came late and whole: the device or its adapter is slow at times"
        )
    if found.lost and not found.spoilt:
        console.print(
            f"{found.lost:,} echoes never came, and nothing broken either: frames are swallowed whole"
        )
    if found.byte_error_rate:
        console.print(
            f"about one byte in {1 / found.byte_error_rate:,.0f} is hit; the bench repeats what is lost"
        )
    else:
        console.print(f"no byte was hit: fewer than one in {1 / found.byte_error_rate_upper:,.0f}")
    colours = {"clean": "green", "usable": "yellow", "bad": "red"}
    console.print(f"the line on {name} is {found.grade}", style=f"bold {colours[found.grade]}")
