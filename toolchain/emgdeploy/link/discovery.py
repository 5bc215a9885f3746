"""Which ports there are and what answers behind them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from emgdeploy.errors import LinkError, UsageError
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.faults import OtherProtocol
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.port import Lines, open_port

QUICK = LinkOptions(connect_patience=1.0, encoding="text")
"""Enough to ask who is there, and not long where nobody is."""


@dataclass(frozen=True)
class Place:
    """A port. board: what its USB numbers say, "" for unknown. Foreign text: escape before showing."""

    name: str
    usb: str | None = None
    title: str = ""
    board: str = ""


@dataclass(frozen=True)
class Found:
    """A port and what answered there. board: the device's own word before that of its USB numbers.

    note: why there is no answer, or "".
    """

    place: Place
    board: str = ""
    firmware: str | None = None
    model: str | None = None
    note: str = ""


def listed(usb_boards: Mapping[tuple[int, int], str]) -> list[Place]:
    """The system's serial ports. usb_boards: (vendor, product) -> board name."""
    from serial.tools import list_ports

    places = []
    for port in sorted(list_ports.comports(), key=lambda port: port.device):
        known = port.vid is not None and port.pid is not None
        places.append(
            Place(
                name=port.device,
                usb=f"{port.vid:04x}:{port.pid:04x}" if known else None,
                title=port.product or (port.description if port.description != "n/a" else ""),
                board=usb_boards.get((port.vid, port.pid), "") if known else "",
            )
        )
    return places


def only_port(usb: Collection[tuple[int, int]], board: str) -> str:
    """The one serial port with USB numbers (vendor, product) of `usb`, for a `board` that was not given a port.

    Raises LinkError when there is none, UsageError when there are several.
    """
    found = [place.name for place in listed(dict.fromkeys(usb, board)) if place.board]
    if len(found) == 1:
        return found[0]
    if not found:
        raise LinkError(
            f"no {board} is connected: no serial port has its USB numbers",
            "connect it, or name its port: --port PORT (`emgdeploy ports` lists them)",
        )
    raise UsageError(
        f"{' and '.join(found)} could each be the {board}", f"name the right one: --port {found[0]}"
    )


def ask(place: Place, baud: int, lines: Lines | None = None, options: LinkOptions = QUICK) -> Found:
    """Open the port and shake hands; a failure becomes the note."""
    try:
        port = open_port(place.name, baud, lines)
    except LinkError as error:
        return Found(place, place.board, note=error.message)
    try:
        info = DeviceClient(port, options).connect()
    except (LinkError, OtherProtocol) as error:
        return Found(place, place.board, note=error.message)
    finally:
        port.close()
    return Found(place, info.board, info.firmware_build_id, info.model_sha256)
