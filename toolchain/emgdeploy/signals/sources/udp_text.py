"""Lines of numbers in datagrams: one or more whole lines in each."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from emgdeploy.signals.lines import LineParser
from emgdeploy.signals.sources import sockets
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.text import TextFeed

FORM = "udp:HOST:PORT"
HELP = "lines of numbers in datagrams to this machine; HOST is the address to receive at, 127.0.0.1 without"
OPTIONS: Mapping[str, str] = {}

_LARGEST = 1 << 16


def open_feed(address: Address, wanted: Wanted) -> TextFeed:
    """See `kinds.Kind`."""
    host, port = address.host_port()
    held = sockets.receiver(host, port)
    parser = LineParser(f"datagrams to port {port}", wanted.columns, wanted.least, wanted.bad_lines)

    closed = threading.Event()

    def read() -> bytes:
        data = held.recv(_LARGEST)
        if closed.is_set():  # it ends like an empty datagram
            return b""
        return data if data.endswith(b"\n") else data + b"\n"

    def close() -> None:
        closed.set()
        sockets.close(held)

    return TextFeed(read, parser, wanted.clock, close)
