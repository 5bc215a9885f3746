"""argparse, with errors that leave through the one exception tree, and the options of every verb."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from emgdeploy.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError instead of printing and exiting."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Called by argparse for anything it does not understand."""
        raise UsageError(f"{self.prog}: {message}", f"{self.prog} --help")


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options that every verb has."""
    group = parser.add_argument_group("options of every verb")
    group.add_argument(
        "--json", action="store_true", help="the result as JSON on stdout, all other text on stderr"
    )
    group.add_argument(
        "-v", "--trace", action="store_true", help="say more, and show where an error came from"
    )
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="options from a TOML file, or a flat JSON one"
    )
    group.add_argument("--boards-dir", type=Path, metavar="DIR", help="a folder of your own board files")
