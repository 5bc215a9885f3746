"""Open Sound Control by python-osc: `/emgdeploy/decision` with label, unsure (0 or 1), end_s and lag_s of each window."""

from __future__ import annotations

from typing import Any

from emgdeploy import optional
from emgdeploy.bench.outputs.output import Event, host_port
from emgdeploy.errors import UsageError

ADDRESS = "/emgdeploy/decision"


class OscOutput:
    """See `Output`. client: of python-osc."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, event: Event) -> None:
        """See `Output`."""
        values = [event.label, int(event.unsure), float(event.end_s), float(event.lag_s)]
        self._client.send_message(ADDRESS, values)

    def close(self) -> None:
        """See `Output`."""
        self._client._sock.close()


def open_output(where: str) -> OscOutput:
    """See `Kind`."""
    udp_client = optional.load("pythonosc.udp_client", extra="live")
    host, port = host_port("osc", where)
    try:
        return OscOutput(udp_client.SimpleUDPClient(host, port))
    except OSError:
        raise UsageError(f"--send: there is no host {host!r:.80}", "check its name") from None
