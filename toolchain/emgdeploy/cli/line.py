"""Options that say how to drive a serial line, for every verb that talks over one."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emgdeploy.cli import options

if TYPE_CHECKING:
    from emgdeploy.boards import Board, Uart
    from emgdeploy.firmware.manifest import Manifest
    from emgdeploy.link.device_info import DeviceInfo
    from emgdeploy.link.options import LinkOptions
    from emgdeploy.link.port import Port

SETTING = "setting of the link"

_LEVELS = {"on": True, "off": False}


def add(parser: argparse.ArgumentParser) -> None:
    """Rate, encoding, control lines, patience."""
    line = parser.add_argument_group("the serial line")
    line.add_argument(
        "--baud", type=options.positive_int, metavar="RATE", help="rate to begin with (default: the board's)"
    )
    line.add_argument(
        "--raise-baud",
        type=options.positive_int,
        metavar="RATE",
        help="go up to this rate after the handshake",
    )
    line.add_argument(
        "--encoding",
        choices=("auto", "binary", "text"),
        help="frames as bytes, as printable text, or as the path allows (default: auto)",
    )
    line.add_argument(
        "--dtr", choices=("on", "off"), help="what to do with DTR on opening (default: the board's habit)"
    )
    line.add_argument(
        "--rts", choices=("on", "off"), help="what to do with RTS on opening (default: the board's habit)"
    )
    line.add_argument(
        "--in-flight",
        type=options.positive_int,
        metavar="N",
        help="most windows under way (default: the device's)",
    )
    line.add_argument(
        "--reply-timeout",
        type=options.positive_float,
        metavar="S",
        help="longest wait for an answer before asking again (default: 0.25)",
    )
    line.add_argument(
        "--patience",
        type=options.positive_float,
        metavar="S",
        help="how long nothing may get through (default: 10)",
    )
    add_link(line)


def add_link(parser: argparse._ActionsContainer) -> None:
    """--link NAME=VALUE,..."""
    parser.add_argument(
        "--link",
        default="",
        metavar="NAME=VALUE,...",
        help="any timeout or count of the link, for example connect_patience=10,resets=0 (docs/cli.md lists them)",
    )


def open_port(args: argparse.Namespace, uart: Uart | None) -> Port:
    """Open --port as the options and the board say. Raises LinkError's children."""
    from emgdeploy.link import port

    dtr = _LEVELS.get(args.dtr, uart.dtr if uart else None)
    rts = _LEVELS.get(args.rts, uart.rts if uart else None)
    baud = args.baud or (uart.baud if uart else port.USUAL_BAUD)
    return port.open_port(args.port, baud, port.Lines(dtr, rts))


@contextmanager
def open_device(args: argparse.Namespace, folder: Path, manifest: Manifest, board: Board) -> Iterator[Port]:
    """--port; without it the board's emulator, which runs as long as the block, or the one port it can be at."""
    if args.port is None and board.emulator is not None:
        from emgdeploy import emulate

        with emulate.start(manifest, folder, board, args.trust_folder) as running:
            yield running.port
        return
    if args.port is None:
        from emgdeploy.link import discovery

        args.port = discovery.only_port(board.usb, board.name)
    port = open_port(args, board.uart)
    try:
        yield port
    finally:
        port.close()


def parameters_in_use(port: Port, wanted: LinkOptions, folder: Path, manifest: Manifest) -> Manifest:
    """The manifest with the parameter set that the device reports. Raises DeviceMismatchError where the folder does not
    have that one, LinkError's children."""
    from emgdeploy.firmware import calibrations
    from emgdeploy.flash import identity
    from emgdeploy.link.client import DeviceClient

    def same(info: DeviceInfo) -> None:
        identity.check(info, dataclasses.replace(manifest, parameter_set=info.parameters))

    info = DeviceClient(port, dataclasses.replace(wanted, baud=None), same).connect()
    return calibrations.in_use(folder, manifest, info.parameters)


def link_options(args: argparse.Namespace) -> LinkOptions:
    """How to talk over the line. An option of its own wins over --link. Raises UsageError."""
    from emgdeploy.link import settings
    from emgdeploy.link.options import EMULATED, LinkOptions

    usual = LinkOptions() if args.port else EMULATED
    own = {
        "reply_timeout": args.reply_timeout,
        "patience": args.patience,
        "encoding": args.encoding,
        "in_flight_windows": args.in_flight,
        "baud": args.raise_baud,
    }
    given = {name: value for name, value in own.items() if value is not None}
    return dataclasses.replace(settings.parse(args.link, usual, SETTING), **given)
