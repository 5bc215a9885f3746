"""`emgdeploy setup`: the source trees and tools that a board's image needs, brought once."""

from __future__ import annotations

import argparse

from emgdeploy.cli.console import Console

NAME = "setup"
HELP = "bring what a board's whole image needs, once: NuttX for the Spresense, at commits that are checked"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which board's, and from where."""
    parser.add_argument("what", choices=("spresense",), help="spresense: NuttX and its applications")
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="DIR|URL",
        help="a folder or address with clones or mirrors of the repositories (default: the public ones)",
    )
    parser.add_argument(
        "--sdk", action="store_true", help="the Spresense SDK instead, which has its own copy of NuttX"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Bring the tree and the kconfig tools, and say what is possible now."""
    from emgdeploy.firmware.nuttx import fetching, kconfig, pinned
    from emgdeploy.firmware.nuttx.tree import NUTTX, SDK

    kind = SDK if args.sdk else NUTTX
    there = pinned.installed(kind) is not None
    folder = fetching.fetch(kind, args.origin, console.note, console.warn)
    if not kconfig.available():
        console.note("installing kconfiglib")
        kconfig.install()
    console.result(
        {
            "schema": "emgdeploy.setup/1",
            "what": args.what,
            "folder": folder,
            "commits": {item.place: item.commit for item in pinned.repositories(kind)},
            "was_there": there,
        }
    )
    way = " --sdk" if args.sdk else ""
    console.print(f"{pinned.TITLES[kind]} {'were' if there else 'are'} here: {folder}", style="green")
    console.print(f"next: emgdeploy build --board spresense{way} makes the whole image")
    return 0
