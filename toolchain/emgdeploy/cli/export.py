"""`emgdeploy export`: a build's model as sources for another build system."""

from __future__ import annotations

import argparse

from emgdeploy.cli import folder as folders
from emgdeploy.cli import options
from emgdeploy.cli.console import Console

NAME = "export"
HELP = "write a build's model as a library or application for another build system"

# Those of firmware.exports, which is imported when it is needed.
_FORMATS = ("arduino", "c", "cmsis-pack", "nuttx", "zephyr")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The format, where to, and which build."""
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        required=True,
        help="arduino: a library with a sketch; c: the model alone in C99; cmsis-pack: components for CMSIS "
        "projects; nuttx: the application folder; zephyr: a module with an application",
    )
    options.add_out(parser, required=True)
    options.add_build(parser)
    parser.add_argument(
        "--memory",
        type=options.positive_int,
        metavar="KB",
        help="arduino: the setting of the core's memory menu that you will choose (default: the core's)",
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Export, and say what is left to do."""
    from emgdeploy.boards import load_board
    from emgdeploy.firmware.exports import ExportRequest, export

    folder, manifest = folders.find(args.build, console)
    request = ExportRequest(folder, manifest, load_board(manifest.board), args.format, args.out, args.memory)
    done = export(request)
    console.result({"build": folder, **vars(done)})
    for note in done.notes:
        console.warn(note)
    console.print(
        f"{args.out}: {len(done.files)} files ({args.format}); README.md says how to use them", style="green"
    )
    return 0
