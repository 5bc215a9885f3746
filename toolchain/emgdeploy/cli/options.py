"""Options that several verbs share, so that they read and mean the same everywhere."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_board(parser: argparse._ActionsContainer, required: bool = False) -> None:
    """--board NAME."""
    parser.add_argument(
        "--board",
        metavar="NAME",
        required=required,
        help="a board that `emgdeploy boards` lists, or a board file (.toml)",
    )


def add_build(parser: argparse._ActionsContainer) -> None:
    """--build DIR."""
    parser.add_argument(
        "--build", type=Path, metavar="DIR", help="a build folder; without it, the most recent build"
    )


def add_port(parser: argparse._ActionsContainer) -> None:
    """--port PORT."""
    parser.add_argument(
        "--port", metavar="PORT", help="serial port: /dev/ttyUSB0, COM3 or socket://localhost:4000"
    )


def add_windows(parser: argparse._ActionsContainer) -> None:
    """--windows FILE.npz."""
    parser.add_argument(
        "--windows", type=Path, metavar="FILE.npz", help="windows x (N, ...) and optionally y and labels"
    )


def add_network(parser: argparse._ActionsContainer) -> None:
    """--network MODULE:FUNCTION, for a checkpoint that holds the weights of a user's own network."""
    parser.add_argument(
        "--network",
        "--factory",
        metavar="MODULE:FUNCTION",
        help="makes your own network for the checkpoint's weights; found in the current folder too",
    )


def add_out(
    parser: argparse._ActionsContainer, required: bool = False, what: str = "folder for the results"
) -> None:
    """--out DIR."""
    parser.add_argument("--out", type=Path, metavar="DIR", required=required, help=what)


def add_anonymous(parser: argparse._ActionsContainer) -> None:
    """--anonymous."""
    parser.add_argument(
        "--anonymous",
        action="store_true",
        help="leave subjects and names of recordings, which may bear dates, out of all that is written",
    )


def add_trust(parser: argparse._ActionsContainer) -> None:
    """--trust-folder."""
    parser.add_argument(
        "--trust-folder",
        action="store_true",
        help="start a native program also when this machine did not build it; it can do all that you can",
    )


def positive_int(text: str) -> int:
    """For `type=`: a whole number of at least 1."""
    return _at_least(text, 1)


def non_negative_int(text: str) -> int:
    """For `type=`: a whole number of at least 0."""
    return _at_least(text, 0)


def positive_float(text: str) -> float:
    """For `type=`: a number above 0 and not infinite."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number above 0')
    return value


def grid(text: str) -> tuple[int, int]:
    """For `type=`: rows and columns, as 8x24."""
    rows, _, columns = text.partition("x")
    if not (rows.isdecimal() and columns.isdecimal() and 0 < int(rows) * int(columns) <= 1 << 16):
        raise argparse.ArgumentTypeError(f'"{text}" is not a grid like 8x24')
    return int(rows), int(columns)


def _at_least(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number of at least {least}')
    return value


def add_decisions(parser: argparse.ArgumentParser) -> None:
    """--decisions RULES."""
    parser.add_argument(
        "--decisions",
        metavar="RULES",
        help="how outputs become decisions: a .toml file, or field=value between commas, such as "
        "vote=5,confidence=0.7 (docs/live.md; default: as the model says)",
    )
