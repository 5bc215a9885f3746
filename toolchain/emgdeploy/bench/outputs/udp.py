"""A datagram for each window: the line of `run --json`."""

from __future__ import annotations

import json
import socket
from typing import Any

from emgdeploy.bench.outputs.output import Event, host_port
from emgdeploy.errors import UsageError


class UdpOutput:
    """See `Output`."""

    def __init__(self, host: str, port: int) -> None:
        self._to: Any
        try:
            family, kind, _, _, self._to = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except OSError:
            raise UsageError(f"--send: there is no host {host!r:.80}", "check its name") from None
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)

    def send(self, event: Event) -> None:
        """See `Output`."""
        self._socket.sendto(json.dumps(dict(event.fields)).encode() + b"\n", self._to)

    def close(self) -> None:
        """See `Output`."""
        self._socket.close()


def open_output(where: str) -> UdpOutput:
    """See `Kind`."""
    return UdpOutput(*host_port("udp", where))
