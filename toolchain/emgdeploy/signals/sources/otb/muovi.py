"""Muovi and Muovi+, which connect to port 54321 of this machine and take a command of one byte."""

from __future__ import annotations

from collections.abc import Mapping

from emgdeploy.signals.sources import sockets
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.otb.frames import AUX, FrameFeed, Layout

FORM = "muovi:PORT (32 electrodes), muovi+:PORT (64)"
HELP = "OT Bioelettronica's Muovi and Muovi+, which connect to this machine (port 54321 without)"
OPTIONS: Mapping[str, str] = {
    "mode": "monopolar or test (a signal of the probe's own), monopolar without",
    "wait": "seconds for the probe to connect, 30 without",
    **AUX,
}

PORT = 54321
ELECTRODES = {"muovi": 32, "muovi+": 64}
_BEYOND = 6  # inertial unit or quaternion, buffer and trigger, and the count last
_RATE_HZ, _MILLIVOLTS = 2000.0, 0.000286
_EMG, _MODES, _SEND = 0x08, {"monopolar": 0, "test": 3}, 0x01
STOP = bytes([0])


def command(mode: str) -> bytes:
    """What starts it."""
    return bytes([_EMG | _MODES[mode] << 1 | _SEND])


def layout(kind: str) -> Layout:
    """Of the frames that follow `command`."""
    channels = ELECTRODES[kind] + _BEYOND
    return Layout(channels, ELECTRODES[kind], ">", channels - 1, _RATE_HZ, _MILLIVOLTS)


def open_feed(address: Address, wanted: Wanted) -> FrameFeed:
    """See `kinds.Kind`."""
    mode = address.choice("mode", "monopolar", tuple(_MODES))
    aux = address.number("aux", 0, 0, 1) == 1
    host, port = address.host_port("0.0.0.0", PORT)
    title = address.kind.capitalize()
    connection = sockets.accept(host, port, address.number("wait", 30, 1, 3600), title)
    connection.sendall(command(mode))
    return FrameFeed(title, connection, layout(address.kind), STOP, aux, wanted.clock)
