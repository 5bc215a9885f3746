"""The Sessantaquattro+, which connects to port 45454 of this machine and takes a command of two bytes."""

from __future__ import annotations

from collections.abc import Mapping

from emgdeploy.signals.sources import sockets
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.otb.frames import AUX, FrameFeed, Layout

FORM = "sessantaquattro+:PORT?rate=2000&electrodes=64"
HELP = "OT Bioelettronica's Sessantaquattro+, which connects to this machine (port 45454 without)"
OPTIONS: Mapping[str, str] = {
    "rate": "500, 1000, 2000 or 4000 Hz, 2000 without",
    "electrodes": "8, 16, 32 or 64, 64 without",
    "mode": "monopolar or test (a signal of the device's own), monopolar without",
    "wait": "seconds for the device to connect, 30 without",
    **AUX,
}

PORT = 45454
RATES, ELECTRODES = ("500", "1000", "2000", "4000"), ("8", "16", "32", "64")
_MODES = {"monopolar": 0, "test": 7}
_BEYOND = 8  # 2 auxiliary inputs, 4 of a quaternion, buffer and trigger, and the count last
_MILLIVOLTS = 0.000286
_SEND, _HIGHPASS = 1, 1 << 6


def command(rate: str, electrodes: str, mode: str, send: bool = True) -> bytes:
    """What starts it, or stops it."""
    bits = RATES.index(rate) << 13 | ELECTRODES.index(electrodes) << 11 | _MODES[mode] << 8 | _HIGHPASS
    return (bits | _SEND * send).to_bytes(2, "big")


def layout(rate: str, electrodes: str) -> Layout:
    """Of the frames that follow `command`."""
    channels = int(electrodes) + _BEYOND
    return Layout(channels, int(electrodes), ">", channels - 1, float(rate), _MILLIVOLTS)


def open_feed(address: Address, wanted: Wanted) -> FrameFeed:
    """See `kinds.Kind`."""
    rate = address.choice("rate", "2000", RATES)
    electrodes = address.choice("electrodes", "64", ELECTRODES)
    mode = address.choice("mode", "monopolar", tuple(_MODES))
    aux = address.number("aux", 0, 0, 1) == 1
    host, port = address.host_port("0.0.0.0", PORT)
    connection = sockets.accept(host, port, address.number("wait", 30, 1, 3600), "Sessantaquattro+")
    connection.sendall(command(rate, electrodes, mode))
    return FrameFeed(
        *("Sessantaquattro+", connection, layout(rate, electrodes)),
        *(command(rate, electrodes, mode, send=False), aux, wanted.clock),
    )
