"""`emgdeploy simulate`: simulated HD-sEMG, for trying things without a person: windows, or recordings of sessions."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import options
from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from emgdeploy.signals.simulated_folder import Recorded

NAME = "simulate"
HELP = "write simulated HD-sEMG: windows for any model input shape, or recordings of any grid and rate"

_OF_RECORDINGS = {
    "grid": (4, 8),
    "rate": 1000.0,
    "subjects": 1,
    "sessions": 1,
    "repetitions": 6,
    "seconds": 3.0,
    "rest_seconds": 2.0,
    "unit": "uV",
    "format": "npz",
    "fault": (),
}
_OF_WINDOWS = ("shape", "checkpoint", "count")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is simulated, and where it goes."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="the window file (.npz), or the folder of --recordings"
    )  # fmt: skip
    parser.add_argument(
        "--seed",
        type=options.non_negative_int,
        default=1,
        metavar="N",
        help="same seed, same samples (default 1)",
    )
    windows = parser.add_argument_group("windows")
    source = windows.add_mutually_exclusive_group()
    source.add_argument(
        "--shape", type=_shape, metavar="CxHxW", help="shape of one window (default 1x8x24), plain samples"
    )
    source.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="windows made as this checkpoint wants them"
    )
    windows.add_argument("--count", type=options.positive_int, metavar="N", help="windows (default 200)")
    _add_recordings(parser.add_argument_group("recordings"))


def _add_recordings(parser: argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--recordings",
        action="store_true",
        help="a folder with dataset.toml and a file for each session, for --dataset files: each gesture in turn, "
        "rest before it, a class for each sample",
    )
    parser.add_argument("--grid", type=options.grid, metavar="RxC", help="of electrodes (default 4x8)")
    parser.add_argument(
        "--rate",
        type=options.positive_float,
        metavar="HZ",
        help="200 to 20000 samples a second (default 1000)",
    )
    for name, meaning in (("subjects", "people (default 1)"), ("sessions", "of each of them (default 1)")):
        parser.add_argument(f"--{name}", type=options.positive_int, metavar="N", help=meaning)
    parser.add_argument(
        "--repetitions",
        type=options.positive_int,
        metavar="N",
        help="of each gesture in a session (default 6)",
    )
    parser.add_argument(
        "--seconds", type=options.positive_float, metavar="S", help="of a gesture (default 3)"
    )
    parser.add_argument(
        "--rest-seconds", type=options.positive_float, metavar="S", help="before each gesture (default 2)"
    )
    parser.add_argument("--unit", metavar="UNIT", help="of the numbers in the files: uV (default), mV or V")
    parser.add_argument("--format", metavar="NAME", help="of the files: npz (default) or csv")
    parser.add_argument(
        "--fault",
        nargs="+",
        metavar="WHAT",
        help="what is wrong: drift, unplugged, hum (each with :LEVEL where wanted) or unit; see docs/data.md",
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Simulate and write."""
    given = [name for name in _OF_RECORDINGS if getattr(args, name) is not None]
    if not args.recordings and given:
        raise UsageError(f"--{_spelled(given[0])} is of recordings", "add --recordings")
    others = [name for name in _OF_WINDOWS if getattr(args, name) is not None]
    if args.recordings and others:
        raise UsageError(f"--{others[0]} is of windows", "leave it out, or leave --recordings out")
    return _recordings(args, console) if args.recordings else _windows(args, console)


def _windows(args: argparse.Namespace, console: Console) -> int:
    """Classes are written where they mean something to the model."""
    from emgdeploy.signals import simulated, windowfile
    from emgdeploy.signals.windowfile import Windows

    shape, preprocess, labels = args.shape or (1, 8, 24), None, simulated.LABELS
    if args.checkpoint is not None:
        from emgdeploy.nets.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(args.checkpoint)
        shape, preprocess = checkpoint.input_shape, checkpoint.preprocess
        labels = checkpoint.labels or ()
    x, y = simulated.windows(shape, args.count or 200, args.seed, preprocess)
    known = labels == simulated.LABELS
    windowfile.save(args.out, Windows(x, y if known else None, labels if known else None))
    console.print(
        f"{args.out}: {len(x):,} windows of shape {tuple(shape)}" + (", with classes" if known else "")
    )
    console.result({"out": args.out, "windows": len(x), "shape": shape, "labels": labels if known else None})
    return 0


def _recordings(args: argparse.Namespace, console: Console) -> int:
    from emgdeploy.folders import updating_folder
    from emgdeploy.signals import simulated_folder

    wanted = _wanted(args)
    with updating_folder(args.out, simulated_folder.MARK, say=console.warn) as fresh:
        seconds = simulated_folder.write(fresh, wanted)
    simulation = wanted.simulation
    count = simulation.subjects * simulation.sessions
    rows, columns = simulation.grid
    console.print(
        f"{args.out}: {count} session{'s' if count > 1 else ''}, {seconds:,.0f} s of {rows} x {columns} electrodes "
        f"at {simulation.sample_rate_hz:g} Hz, simulated"
    )
    for fault in wanted.faults:
        console.warn(f"with a fault on purpose: {fault.meaning}")
    console.print(f"next: emgdeploy check --dataset files --data {args.out}")
    console.result(
        {
            "out": args.out,
            "sessions": count,
            "seconds": seconds,
            "grid": simulation.grid,
            "sample_rate_hz": simulation.sample_rate_hz,
            "faults": [str(fault) for fault in wanted.faults],
        }
    )
    return 0


def _wanted(args: argparse.Namespace) -> Recorded:
    from emgdeploy.signals import simulated_folder, simulated_session
    from emgdeploy.signals.simulated import Simulation

    said = {name: getattr(args, name) for name in _OF_RECORDINGS if getattr(args, name) is not None}
    how = {**_OF_RECORDINGS, **said}
    for name, allowed in (("unit", simulated_folder.UNITS_TO_WRITE), ("format", simulated_folder.FORMATS)):
        if how[name] not in allowed:
            raise UsageError(
                f"there is no {name} {how[name]!r:.40} here", f"choose from: {', '.join(allowed)}"
            )
    counts = {name: how[name] for name in ("subjects", "sessions", "repetitions", "seconds", "grid")}
    simulation = replace(Simulation(seed=args.seed), **counts, sample_rate_hz=how["rate"])
    faults = simulated_session.parse(how["fault"])
    return simulated_folder.Recorded(simulation, how["rest_seconds"], how["unit"], how["format"], faults)


def _spelled(name: str) -> str:
    return name.replace("_", "-")


def _shape(text: str) -> tuple[int, ...]:
    parts = text.split("x")
    if not 1 <= len(parts) <= 3 or not all(part.isdecimal() and 1 <= int(part) <= 65536 for part in parts):
        raise argparse.ArgumentTypeError(f'"{text}" is not a shape like 1x8x24')
    return tuple(int(part) for part in parts)
