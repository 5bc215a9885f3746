"""`emgdeploy simulate`: windows of simulated HD-sEMG, for trying things without recordings."""

from __future__ import annotations

import argparse
from pathlib import Path

from emgdeploy.cli import options
from emgdeploy.cli.console import Console

NAME = "simulate"
HELP = "write windows of simulated HD-sEMG for any model input shape"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The shape, the number, and the file."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.npz", help="the window file to write"
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--shape", type=_shape, metavar="CxHxW", help="shape of one window (default 1x8x24), plain samples"
    )
    source.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="windows made as this checkpoint wants them"
    )
    parser.add_argument(
        "--count", type=options.positive_int, default=200, metavar="N", help="windows (default 200)"
    )
    parser.add_argument(
        "--seed", type=options.non_negative_int, default=1, metavar="N", help="same seed, same windows"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Simulate and write. Classes are written where they mean something to the model."""
    from emgdeploy.signals import simulated, windowfile
    from emgdeploy.signals.windowfile import Windows

    shape, preprocess, labels = args.shape or (1, 8, 24), None, simulated.LABELS
    if args.checkpoint is not None:
        from emgdeploy.nets.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(args.checkpoint)
        shape, preprocess = checkpoint.input_shape, checkpoint.preprocess
        labels = checkpoint.labels or ()
    x, y = simulated.windows(shape, args.count, args.seed, preprocess)
    known = labels == simulated.LABELS
    windowfile.save(args.out, Windows(x, y if known else None, labels if known else None))
    console.print(
        f"{args.out}: {len(x):,} windows of shape {tuple(shape)}" + (", with classes" if known else "")
    )
    console.result({"out": args.out, "windows": len(x), "shape": shape, "labels": labels if known else None})
    return 0


def _shape(text: str) -> tuple[int, ...]:
    parts = text.split("x")
    if not 1 <= len(parts) <= 3 or not all(part.isdecimal() and 1 <= int(part) <= 65536 for part in parts):
        raise argparse.ArgumentTypeError(f'"{text}" is not a shape like 1x8x24')
    return tuple(int(part) for part in parts)
