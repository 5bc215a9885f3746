"""`emgdeploy profile`: what one inference of a build costs, instruction by instruction, without a board."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import folder as folders
from emgdeploy.cli import options
from emgdeploy.cli.console import Console
from emgdeploy.errors import GateFailed

if TYPE_CHECKING:
    from emgdeploy.emulate.cycles.folder import FolderProfile

NAME = "profile"
HELP = "count the instructions and model the cycles of one inference, layer by layer, without hardware"

_FUNCTIONS_SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The build folder, the window, and other wait states than the board's."""
    options.add_build(parser)
    parser.add_argument(
        "--window",
        type=options.non_negative_int,
        default=0,
        metavar="N",
        help="which of the build's own windows to run, from 0 (default: 0)",
    )
    parser.add_argument(
        "--wait-states",
        type=options.non_negative_int,
        metavar="N",
        help="of the flash (default: the board's)",
    )
    parser.add_argument(
        "--alignment",
        action="store_true",
        help="also look at every memory access: count those that are not aligned (slower)",
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Profile, write profile.json and profile.html, show the costliest layers and functions."""
    import json

    from emgdeploy.emulate.cycles import report
    from emgdeploy.emulate.cycles.folder import FILE, REPORT, profile_folder
    from emgdeploy.files import write_atomic

    folder, manifest = folders.find(args.build, console)
    found = profile_folder(folder, manifest, args.window, args.wait_states, args.alignment)
    table = found.to_dict()
    write_atomic(folder / FILE, json.dumps(table, indent=2, allow_nan=False) + "\n")
    write_atomic(folder / REPORT, report.render(table))
    console.result(table)
    _show(found, table, report.facts(table), console)
    console.print(f"written: {folder / FILE}, {folder / REPORT}")
    if not found.exact:
        raise GateFailed(
            f"the output for window {args.window} is not the reference's",
            "run `emgdeploy bench`, which names the first layer that differs",
        )
    return 0


def _show(
    found: FolderProfile, table: dict[str, Any], facts: list[tuple[str, str]], console: Console
) -> None:
    unit = "instructions" if table["cycles"] is None else "cycles"
    total = table[unit]
    layers = [
        (
            row["index"],
            row["op"],
            row["macs"],
            row["instructions"],
            row["cycles"],
            "-" if row["cycles_per_mac"] is None else f"{row['cycles_per_mac']:.2f}",
            f"{row[unit] / total:.1%}",
            row["name"][-40:],
        )
        for row in table["layers"]
    ]
    console.table(
        ("layer", "operator", "MACs", "instructions", "cycles", "cycles/MAC", "share", "name"),
        layers,
        f"one inference on {found.manifest.board} ({found.manifest.core})",
    )
    functions = [
        (
            row["name"],
            row["entered"],
            row["instructions"],
            row["cycles"],
            f"{row[unit] / total:.1%}",
        )
        for row in table["functions"][:_FUNCTIONS_SHOWN]
    ]
    console.table(
        ("function", "called", "instructions", "cycles", "share"),
        functions,
        "functions, without what they call",
    )
    for name, value in facts:
        console.print(f"{name}: {value}")
    for note in table["notes"]:
        console.print(note)
