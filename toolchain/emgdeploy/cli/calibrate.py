"""`emgdeploy calibrate`: another day, another person: placement and head of a build from a few seconds of each gesture."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import dataoptions, line, options
from emgdeploy.cli import folder as folders
from emgdeploy.cli.console import Console
from emgdeploy.errors import GateFailed, InputError, UsageError

if TYPE_CHECKING:
    from emgdeploy.calibrate.recorded import Recorded
    from emgdeploy.calibrate.solve import Solved
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.link.client import DeviceClient
    from emgdeploy.link.parameters import State
    from emgdeploy.signals.recordings import Recording

NAME = "calibrate"
HELP = "new parameters for another day or person, from a few seconds of each gesture, onto a running device"
SCHEMA = "emgdeploy.calibrate/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The build, the recordings, the device, and what has to be reached."""
    options.add_build(parser)
    options.add_port(parser)
    options.add_trust(parser)
    parser.add_argument("--dataset", metavar="NAME", help=dataoptions.DATASETS)
    dataoptions.add_data(parser)
    parser.add_argument(
        "--seconds",
        type=options.positive_float,
        metavar="S",
        help="of each gesture use the first S (default: all)",
    )
    parser.add_argument(
        "--trials",
        type=options.positive_int,
        metavar="N",
        help="use the first N training trials of each gesture (default: all)",
    )
    parser.add_argument(
        "--placement",
        default="auto",
        metavar="VALUE",
        help="how the electrode array lies: auto (default), none, or what `align` found, such as rows=12",
    )
    parser.add_argument(
        "--min-accuracy",
        type=options.positive_float,
        metavar="SHARE",
        help="end with 1 and write nothing where less is expected, such as 0.9 (default: less than as it is)",
    )
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--use", metavar="ID", help="put a set that was made before onto the device")
    device.add_argument("--rollback", action="store_true", help="give up the set that the device uses")
    device.add_argument(
        "--list", action="store_true", help="the sets of the build, and the one that the device uses"
    )
    line.add(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Make a set, or choose among those there are, and put it onto the device that --port names."""
    folder, manifest = folders.find(args.build, console)
    if manifest.adapt.what == "none":
        raise InputError(
            f"{folder} was built with nothing that can be replaced", "build it again with --adapt head"
        )
    if args.list:
        return _list(args, folder, manifest, console)
    if args.rollback:
        return _roll_back(args, folder, manifest, console)
    identity = _known(folder, args.use) if args.use else _made(args, folder, manifest, console)
    state = None
    if args.port is not None:
        with _device(args, folder, manifest) as client:
            state = _sent(client, folder, identity)
        console.print(f"the device uses {identity[:12]} from now on ({state.size} bytes)", style="bold green")
    else:
        console.print(f"next: emgdeploy calibrate --use {identity[:12]} --port PORT")
    console.result({"schema": SCHEMA, "end": True, "id": identity, "on_device": _described(state)})
    return 0


def _made(args: argparse.Namespace, folder: Path, manifest: Manifest, console: Console) -> str:
    """A new set in the folder. Raises GateFailed where too little is expected of it."""
    from emgdeploy.bench import recognise
    from emgdeploy.calibrate import prior, recorded, solve, write
    from emgdeploy.calibrate.head import Head
    from emgdeploy.convert.windows import quantize_windows

    preprocess = recognise.description(manifest)
    how, recordings = _recordings(args, manifest, console)
    known = prior.Prior.load(manifest.artifact(folder, "adapt"), preprocess)
    taken = recorded.recorded(recordings, how, known.levels, args.placement, args.seconds)
    ends = manifest.input.scale, manifest.input.zero_point
    dtype = _dtype(manifest)
    before, x = (
        quantize_windows(w, *ends, dtype, manifest.input.window_axes)
        for w in (taken.as_it_was, taken.put_right)
    )
    head = Head(manifest.artifact(folder, "tflite").read_bytes())
    made = solve.solve(head, known, (before, x), taken.y, ends)
    facts = _facts(args, taken, made, recordings, known.levels.array if known.levels else None)
    _show(facts, console)
    check_worth(args.min_accuracy, facts["expected_accuracy"], facts["accuracy_before"])
    identity = write.write(folder, manifest, made, taken, x, facts)
    console.print(f"{folder / 'calibrations' / identity}: params.bin, golden.npz, calibrate.json")
    return identity


def _dtype(manifest: Manifest) -> Any:
    import numpy as np

    return np.dtype(manifest.input.dtype)


def _recordings(
    args: argparse.Namespace, manifest: Manifest, console: Console
) -> tuple[Any, list[Recording]]:
    """The preprocessing, and the recordings to calibrate on: all but those that their publisher, or --split, keeps for
    a test."""
    from emgdeploy.bench import recognise
    from emgdeploy.signals.acquisition import Acquisition
    from emgdeploy.signals.choice import DataChoice
    from emgdeploy.signals.matching import match
    from emgdeploy.signals.splits import Split, first_trials

    if args.dataset is None:
        raise UsageError("there are no recordings to calibrate on", "add --dataset NAME --data FOLDER")
    choice = dataoptions.choice(args, DataChoice(args.dataset))
    dataset = choice.load(args.data)
    dataoptions.say_reading(dataset, console)
    acquisition = None
    if manifest.acquisition is not None:
        acquisition = Acquisition.from_dict(manifest.acquisition, "manifest.json: acquisition")
    matched = match(dataset, recognise.description(manifest), acquisition, manifest.output.labels)
    dataoptions.say_match(matched, console)
    recordings = matched.dataset.recordings
    if args.split is None:
        own = [index for index, one in enumerate(recordings) if one.part != "test"]
        split = Split("none", tuple(own or range(len(recordings))), ())
    else:
        split = choice.divide(matched.dataset)
    found = [recordings[index] for index in first_trials(split, recordings, args.trials).train]
    if len({recording.subject_session for recording in found}) > 1:
        raise UsageError(
            "these are several sessions, in each of which the array may lie otherwise",
            "name one with --subject and --session",
        )
    return matched.preprocess, found


def _facts(
    args: argparse.Namespace,
    taken: Recorded,
    made: Solved,
    recordings: list[Recording],
    array: tuple[int, int] | None,
) -> dict[str, Any]:
    from emgdeploy.nets.results import trial

    return {
        "what": "placement and head",
        "placement": str(taken.placement),
        "array": None if array is None else list(array),
        "alignment": None if taken.alignment is None else taken.alignment.to_dict(),
        "windows": len(taken.y),
        "expected_accuracy": made.expected.accuracy,
        "interval": list(made.expected.interval),
        "recall": list(made.expected.recall),
        "accuracy_before": made.before.accuracy,
        "accuracy_int8": made.kept.accuracy,
        "dataset": args.dataset,
        "trials": [trial(recording) for recording in recordings],
    }


def _show(facts: dict[str, Any], console: Console) -> None:
    low, high = facts["interval"]
    console.print(f"placement: {facts['placement']}")
    console.print(
        f"expected: {facts['expected_accuracy']:.2%} ({low:.1%} to {high:.1%}), by windows of these recordings that "
        f"did not calibrate; {facts['accuracy_before']:.2%} as it is",
        style="bold",
    )


def check_worth(least: float | None, expected: float, before: float) -> None:
    """Raise GateFailed where a set is not worth using: less than `least` is expected, or less than before."""
    if least is not None and expected < least:
        raise GateFailed(
            f"{expected:.2%} is expected, less than --min-accuracy {least:.2%}; nothing was written",
            "record longer, check the electrodes with emgdeploy check, or ask for less",
        )
    if expected < before:
        raise GateFailed(
            f"{expected:.2%} is expected, less than the {before:.2%} as it is; nothing was written",
            "keep what there is, or record more of each gesture",
        )


def _known(folder: Path, text: str) -> str:
    """The one set whose name begins so."""
    from emgdeploy.firmware import calibrations

    found = [str(note["id"]) for note in calibrations.listed(folder) if str(note["id"]).startswith(text)]
    if len(found) != 1:
        raise InputError(
            f"{len(found)} parameter sets in {folder} have a name that begins with {text!r:.70}",
            "emgdeploy calibrate --list names them",
        )
    return found[0]


@contextmanager
def _device(args: argparse.Namespace, folder: Path, manifest: Manifest) -> Iterator[DeviceClient]:
    """The device of --port, greeted; which set it uses does not matter."""
    from dataclasses import replace

    from emgdeploy.boards import load_board
    from emgdeploy.flash import identity
    from emgdeploy.link.client import DeviceClient

    with line.open_device(args, folder, manifest, load_board(manifest.board)) as port:
        client = DeviceClient(
            port,
            line.link_options(args),
            lambda info: identity.check(info, replace(manifest, parameter_set=info.parameters)),
        )
        client.connect()
        yield client


def _sent(client: DeviceClient, folder: Path, identity: str) -> State:
    from emgdeploy.firmware import calibrations

    calibrations.read(folder, identity)
    parameters = (calibrations.place(folder, identity) / calibrations.PARAMETERS).read_bytes()
    return client.write_parameters(identity, parameters)


def _roll_back(args: argparse.Namespace, folder: Path, manifest: Manifest, console: Console) -> int:
    if args.port is None:
        raise UsageError("--rollback is said to a device", "add --port PORT")
    with _device(args, folder, manifest) as client:
        state = client.parameters()
        if state.active != "0":
            state = client.roll_back_parameters(state.active)
    console.print(f"the device uses {_name(state.active)} from now on", style="bold")
    console.result({"schema": SCHEMA, "end": True, "id": state.active, "on_device": _described(state)})
    return 0


def _list(args: argparse.Namespace, folder: Path, manifest: Manifest, console: Console) -> int:
    from emgdeploy.firmware import calibrations

    state = None
    with nullcontext() if args.port is None else _device(args, folder, manifest) as client:
        state = None if client is None else client.parameters()
    sets = calibrations.listed(folder)
    used = None if state is None else state.active
    console.table(
        ("set", "made", "placement", "expected", ""),
        [
            (
                note["id"][:12],
                note.get("made", "-"),
                note.get("placement", "-"),
                f"{note.get('expected_accuracy', 0):.2%}",
                "in use" if note["id"] == used else "",
            )
            for note in sets
        ],
    )
    if used is not None:
        console.print(f"the device uses {_name(used)}")
    console.result({"schema": SCHEMA, "end": True, "sets": sets, "on_device": _described(state)})
    return 0


def _name(identity: str) -> str:
    return "the parameters as built" if identity == "0" else identity[:12]


def _described(state: State | None) -> dict[str, Any] | None:
    return None if state is None else vars(state)
