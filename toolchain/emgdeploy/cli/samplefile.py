"""Samples for a build out of a file or a data set; the options of `run` and `bench` that say which and how."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import dataoptions, options
from emgdeploy.cli.console import Console
from emgdeploy.errors import UsageError

if TYPE_CHECKING:
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.signals import Preprocess
    from emgdeploy.signals.acquisition import Acquisition
    from emgdeploy.signals.given import Reading
    from emgdeploy.signals.matching import Matched
    from emgdeploy.signals.recordings import Recording

FILES = (
    "a file of samples as they were recorded for the training, a row per sampling interval, a column per channel: of "
    "any kind that --dataset files reads"
)


def add(parser: argparse.ArgumentParser) -> None:
    """--dataset, --recording and what is known of --samples."""
    parser.add_argument(
        "--recording", default="1", metavar="NAME", help="of --dataset: its number from 1, or its file (default 1)"
    )  # fmt: skip
    parser.add_argument(
        "--samples-array", default="x", metavar="NAME", help="of a file with several arrays (default x)"
    )
    parser.add_argument(
        "--scale",
        type=options.positive_float,
        metavar="MV",
        help="of --samples and --source: millivolts of one unit (default: as the file says, else as in the recordings trained on)",
    )
    parser.add_argument(
        "--rate",
        type=options.positive_float,
        metavar="HZ",
        help="of --samples and --source: samples in a second (default: as the file says, else as in the recordings trained on)",
    )
    parser.add_argument(
        "--electrodes",
        type=int,
        nargs="+",
        metavar="COLUMN",
        help="of --samples and --source: the column, from 0, of each place of the grid, row by row; -1 for none",
    )
    dataoptions.add_data(parser)


def reading(args: argparse.Namespace, manifest: Manifest) -> Reading:
    """How files and lines of samples are read. Raises UsageError and InputError."""
    from emgdeploy.signals import given

    electrodes = None if args.electrodes is None else tuple(args.electrodes)
    return given.reading(_preprocess(manifest), _acquisition(manifest), args.scale, args.rate, electrodes)


def read(args: argparse.Namespace, manifest: Manifest, console: Console) -> tuple[Matched, Recording]:
    """The samples of --samples or --dataset, as the build takes them; how they were read is said."""
    if args.dataset is not None:
        return _of_dataset(args, manifest, console)
    from emgdeploy.signals import given

    matched, taken = given.from_file(Path(args.samples), reading(args, manifest), args.samples_array)
    console.note(taken)
    dataoptions.say_match(matched, console)
    return matched, matched.dataset.recordings[0]


def _of_dataset(args: argparse.Namespace, manifest: Manifest, console: Console) -> tuple[Matched, Recording]:
    from emgdeploy.signals import given
    from emgdeploy.signals.choice import DataChoice

    for name in ("scale", "rate", "electrodes"):
        if getattr(args, name) is not None:
            raise UsageError(
                f"--{name} belongs to --samples: a data set says it itself",
                "correct it in the data set's description",
            )
    dataset = dataoptions.choice(args, DataChoice(args.dataset)).load(args.data)
    dataoptions.say_reading(dataset, console)
    matched, recording = given.of_dataset(
        dataset, args.recording, _preprocess(manifest), _acquisition(manifest)
    )
    console.note(
        f"{dataset.name}: {recording.name or 'recording ' + args.recording}, "
        f"{len(recording.samples) / matched.dataset.sample_rate_hz:,.1f} s"
    )
    dataoptions.say_match(matched, console)
    return matched, recording


def _preprocess(manifest: Manifest) -> Preprocess:
    from emgdeploy.bench import recognise

    return recognise.description(manifest)


def _acquisition(manifest: Manifest) -> Acquisition | None:
    from emgdeploy.signals.acquisition import Acquisition

    if manifest.acquisition is None:
        return None
    return Acquisition.from_dict(manifest.acquisition, "manifest.json: acquisition")
