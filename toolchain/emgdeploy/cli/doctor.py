"""`emgdeploy doctor`: what is installed here, in which version, what for, and how to get the rest."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from emgdeploy.cli import linktest
from emgdeploy.cli.console import Console
from emgdeploy.errors import ToolMissingError

if TYPE_CHECKING:
    from emgdeploy.diagnosis import Finding

NAME = "doctor"
HELP = "check compilers, emulators, packages, serial permission, or the quality of a cable"

# What `--for` may name -> the marks of diagnosis.Finding.verbs that it needs.
_JOBS = {
    "bench": ("bench", "flash"),
    "build": ("build",),
    "native": ("build", "build-native"),
    "train": ("train",),
    "convert": ("convert",),
    "profile": ("profile",),
    "demo": ("build", "emulate", "bench", "flash", "convert"),
    "all": ("build", "build-native", "emulate", "bench", "flash", "train", "convert", "profile"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which job must be possible; or which line to test."""
    parser.add_argument(
        "--for",
        dest="job",
        choices=_JOBS,
        default="demo",
        help="the job whose needs decide the exit status (default: demo, the whole way to an emulated board)",
    )
    linktest.add_arguments(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """List every finding. Raises ToolMissingError when the job named by --for is not possible."""
    if args.link_test:
        return linktest.run(args, console)
    from emgdeploy.diagnosis import examine

    findings = [*examine(), _nuttx()]
    blocking = [item for item in findings if any(item.blocks(verb) for verb in _JOBS[args.job])]
    console.result({"job": args.job, "possible": not blocking, "findings": findings})
    rows = [(item.name, item.version or "missing", item.purpose) for item in findings]
    console.table(("what", "found", "what it is for"), rows)
    for item in findings:
        if item.version is None:
            console.print(f"{item.name} is missing: {item.remedy}", style="red" if item in blocking else "")
    if blocking:
        names = ", ".join(item.name for item in blocking)
        raise ToolMissingError(f"{args.job} is not possible here without {names}", blocking[0].remedy)
    console.print(f"everything that {args.job} needs is here", style="green")
    return 0


def _nuttx() -> Finding:
    from emgdeploy.diagnosis import Finding
    from emgdeploy.firmware.nuttx import pinned

    found = [pinned.TITLES[kind] for kind in pinned.TITLES if pinned.installed(kind)]
    return Finding(
        "NuttX", ", ".join(found) or None, "the whole image for Spresense", (), "emgdeploy setup spresense"
    )
