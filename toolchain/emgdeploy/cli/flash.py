"""`emgdeploy flash`: put a build onto its board and shake hands with it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import folder as folders
from emgdeploy.cli import options
from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.firmware.manifest import Manifest

NAME = "flash"
HELP = "put a build onto its board and shake hands; an emulated board is booted for it"

_SELF_TESTS = {
    "passed": "self-test passed",
    "not_run": "it ran no self-test",
    "failed": "its self-test failed",
    None: "self-test not asked",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The build, by folder or by board, and the board's serial port."""
    which = parser.add_mutually_exclusive_group()
    options.add_build(which)
    options.add_board(which)
    options.add_port(parser)
    options.add_trust(parser)
    parser.add_argument(
        "--baud",
        type=options.positive_int,
        default=115200,
        help="rate of the transfer to a board with a serial boot loader (default: 115200)",
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Flash, and say what answered."""
    from emgdeploy.boards import load_board
    from emgdeploy.firmware import builds
    from emgdeploy.flash import Way, flash

    if args.board is not None:
        board = load_board(args.board)
        folder, manifest = builds.find_for_board(board.name)
        folders.warn(folder, manifest, console)
    else:
        folder, manifest = folders.find(args.build, console)
        board = load_board(manifest.board)
    with console.progress(f"flashing {board.name}", _image_bytes(folder, manifest)) as bar:
        written = 0

        def progress(count: int) -> None:
            nonlocal written
            bar.advance(count - written)
            written = count

        done = flash(
            folder, manifest, board, Way(args.port, args.baud, args.trust_folder, console.note, progress)
        )
    console.result({"build": folder, **vars(done)})
    if done.handshake:
        console.print(
            f"{board.name}: firmware {done.firmware_build_id} answers on {done.port}, {_SELF_TESTS[done.selftest]}",
            style="green",
        )
    else:
        how = "written and read back" if done.read_back else "written, and not read back,"
        console.print(f"{board.name}: {how} by {done.tool}", style="green")
        console.warn("the firmware itself was not asked; --port PORT names the board's serial port")
    return 0


def _image_bytes(folder: Path, manifest: Manifest) -> int | None:
    """Bytes that travel to the board, where we see them travel."""
    return manifest.artifact(folder, "spk").stat().st_size if "spk" in manifest.artifacts else None
