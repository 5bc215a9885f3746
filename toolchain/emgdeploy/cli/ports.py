"""`emgdeploy ports`: which serial port is which board, and which firmware is on it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emgdeploy.cli import line, options
from emgdeploy.cli.console import Console

if TYPE_CHECKING:
    from emgdeploy.boards import Board
    from emgdeploy.link.discovery import Found, Place
    from emgdeploy.link.options import LinkOptions

NAME = "ports"
HELP = "list the serial ports, the boards behind them and their firmware"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether to talk to them."""
    parser.add_argument(
        "--no-handshake",
        action="store_true",
        help="only look at the USB numbers; opening a port resets some boards",
    )
    parser.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="PORT",
        help="ask at this port; without it only ports with the USB numbers of a known board are asked, because "
        "other devices may take a greeting for a command",
    )
    parser.add_argument(
        "--baud", type=options.positive_int, metavar="RATE", help="ask at this rate (default: the board's)"
    )
    line.add_link(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """List the ports."""
    from emgdeploy.boards import list_boards
    from emgdeploy.link import discovery, settings

    patience = settings.parse(args.link, discovery.QUICK, line.SETTING)
    names = {board.name: board for board in list_boards()}
    usb = _by_numbers(names.values())
    places = discovery.listed(usb) if not args.port else [discovery.Place(name) for name in args.port]
    found = []
    with console.progress("asking", len(places)) as bar:
        for place in places:
            found.append(_found(place, names, args, patience))
            bar.advance(note=place.name)
    console.result([_facts(item) for item in found])
    if not found:
        console.print("there is no serial port")
        return 0
    rows = [
        (item.place.name, item.board or "?", item.firmware or "-", item.place.title or "-", item.note)
        for item in found
    ]
    console.table(("port", "board", "firmware", "USB device", "note"), rows)
    return 0


def _found(
    place: Place, boards: Mapping[str, Board], args: argparse.Namespace, patience: LinkOptions
) -> Found:
    """Who is there: asked, or by the USB numbers alone."""
    from emgdeploy.link import discovery

    if args.no_handshake:
        return discovery.Found(place, place.board)
    if not place.board and not args.port:
        return discovery.Found(place, note=f"no board's USB numbers; ask it with --port {place.name}")
    return _ask(place, boards, args.baud, patience)


def _by_numbers(boards: Iterable[Board]) -> dict[tuple[int, int], str]:
    """USB vendor and product -> the board, or boards: many have the same adapter."""
    found: dict[tuple[int, int], list[str]] = {}
    for board in boards:
        for pair in board.usb:
            found.setdefault(pair, []).append(board.name)
    return {pair: " or ".join(names) for pair, names in found.items()}


def _ask(place: Place, boards: Mapping[str, Board], baud: int | None, patience: LinkOptions) -> Found:
    """Shake hands, holding the modem lines as the board wants it that the USB numbers promise."""
    from emgdeploy.link import discovery
    from emgdeploy.link.port import USUAL_BAUD, Lines

    if place.board not in boards:
        return discovery.ask(place, baud or USUAL_BAUD, None, patience)
    uart = boards[place.board].uart
    return discovery.ask(place, baud or uart.baud, Lines(uart.dtr, uart.rts), patience)


def _facts(item: Found) -> dict[str, Any]:
    return {
        "port": item.place.name,
        "usb": item.place.usb,
        "title": item.place.title,
        "board": item.board,
        "firmware_build_id": item.firmware,
        "model_sha256": item.model,
        "note": item.note,
    }
