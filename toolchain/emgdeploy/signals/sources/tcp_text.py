"""Lines of numbers from a TCP server."""

from __future__ import annotations

from collections.abc import Mapping

from emgdeploy.signals.lines import LineParser
from emgdeploy.signals.sources import sockets
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.text import TextFeed

FORM = "tcp:HOST:PORT"
HELP = "lines of numbers from a TCP server"
OPTIONS: Mapping[str, str] = {}

_READ_BYTES = 1 << 16


def open_feed(address: Address, wanted: Wanted) -> TextFeed:
    """See `kinds.Kind`."""
    host, port = address.host_port()
    connection = sockets.connect(host, port)
    parser = LineParser(f"{host} port {port}", wanted.columns, wanted.least, wanted.bad_lines)
    return TextFeed(
        lambda: connection.recv(_READ_BYTES), parser, wanted.clock, lambda: sockets.close(connection)
    )
