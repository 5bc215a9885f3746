"""Lines of numbers from a serial port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from emgdeploy.errors import UsageError
from emgdeploy.signals.lines import LineParser
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.feed import NoSource
from emgdeploy.signals.sources.text import TextFeed
from emgdeploy.text import printable

FORM = "serial:PORT?baud=RATE"
HELP = "lines of numbers from a serial port (any that pyserial opens)"
OPTIONS: Mapping[str, str] = {"baud": "rate in bit/s, 115200 without"}


def open_feed(address: Address, wanted: Wanted) -> TextFeed:
    """See `kinds.Kind`."""
    read, close = open_serial(address)
    parser = LineParser(printable(address.where), wanted.columns, wanted.least, wanted.bad_lines)
    return TextFeed(read, parser, wanted.clock, close)


def open_serial(address: Address) -> tuple[Callable[[], bytes], Callable[[], None]]:
    """How to read what comes, and to close. Raises UsageError, NoSource."""
    import serial

    if not address.where:
        raise UsageError(f"{address.kind}: names no port", f"write {address.kind}:/dev/ttyUSB0 or COM3")
    baud = address.number("baud", 115200, 50, 20_000_000)
    try:
        port: Any = serial.serial_for_url(address.where, baudrate=baud, timeout=None)
    except (OSError, ValueError) as error:
        raise NoSource(
            f"{printable(address.where)} cannot be opened as a source: {printable(str(error))}",
            "emgdeploy ports lists the ports there are; no other program may hold it",
        ) from None

    closed = threading.Event()

    def read() -> bytes:
        try:
            return bytes(port.read(max(1, port.in_waiting)))
        except (OSError, TypeError, ValueError) as error:  # pyserial, closed in another thread, finds None
            if closed.is_set():
                return b""
            raise NoSource(
                f"{printable(address.where)} has gone: {printable(str(error))}",
                "plug it in again, then this again",
            ) from None

    def close() -> None:
        closed.set()
        port.close()

    return read, close
