"""`emgdeploy boards`: which boards there are and how far each has been proven."""

from __future__ import annotations

import argparse
from typing import Any

from emgdeploy.boards import Board, list_boards, load_board
from emgdeploy.cli.console import Console

NAME = "boards"
HELP = "list the boards, their memories and how far each has been proven"

_VERIFIED = {
    "emulator": "run in an emulator here",
    "build-only": "compiles; nobody has run it on the board yet",
    "hardware": "run on the real board",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One optional board."""
    parser.add_argument("name", nargs="?", help="one board, in full")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the boards as a table, or one of them in full."""
    if args.name is not None:
        board = load_board(args.name)
        console.result(_facts(board))
        _print_one(board, console)
        return 0
    boards = list_boards()
    console.result([_facts(board) for board in boards])
    rows = [
        (b.name, b.core, f"{b.clock_hz / 1e6:g} MHz", _room(b, "code"), _room(b, "data"), b.verified, b.title)
        for b in boards
    ]
    console.table(
        ("board", "core", "clock", "code", "data", "verified", "what it is"),
        rows,
        dispensable=("what it is", "code", "data", "clock"),
    )
    for word in sorted({board.verified for board in boards}):
        console.print(f"{word}: {_VERIFIED[word]}")
    return 0


def _print_one(board: Board, console: Console) -> None:
    console.print(board.title, style="bold")
    for key, value in _facts(board).items():
        if key == "memories":
            for memory in board.memories:
                holds = ", ".join(memory.holds)
                console.print(
                    f"  memory {memory.name}: {memory.size:,} bytes at 0x{memory.origin:08X} for {holds}"
                )
        elif value not in (None, [], {}):
            console.print(f"  {key}: {value}")
    console.print(f"  {board.verified}: {_VERIFIED[board.verified]}")


def _room(board: Board, kind: str) -> str:
    return f"{sum(memory.size for memory in board.memories_for(kind)) / 1024:,.0f} KB"


def _facts(board: Board) -> dict[str, Any]:
    return {
        "name": board.name,
        "title": board.title,
        "core": board.core,
        "isa": board.isa,
        "clock_hz": board.clock_hz,
        "platform": board.platform,
        "memories": board.memories,
        "uart": f"{board.uart.peripheral} at {board.uart.baud} baud",
        "flash": board.flash.kind,
        "emulator": f"{board.emulator.kind} {board.emulator.machine}".strip() if board.emulator else None,
        "usb": [f"{vid:04x}:{pid:04x}" for vid, pid in board.usb],
        "wait_states": board.wait_states,
        "verified": board.verified,
        "file": str(board.file),
    }
