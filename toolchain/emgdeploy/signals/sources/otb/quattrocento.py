"""The Quattrocento, which listens at 169.254.1.10 port 23456 for a command of 40 bytes.

The first byte says rate, channels, and whether to send; 36 bytes configure the 12 inputs (here the example's:
10 to 500 Hz, monopolar); the last one is a CRC-8.
"""

from __future__ import annotations

from collections.abc import Mapping

from emgdeploy.signals.sources import sockets
from emgdeploy.signals.sources.address import Address, Wanted
from emgdeploy.signals.sources.otb.frames import AUX, FrameFeed, Layout

FORM = "quattrocento:HOST?rate=2048&electrodes=192"
HELP = "OT Bioelettronica's Quattrocento over TCP; HOST is 169.254.1.10 without"
OPTIONS: Mapping[str, str] = {
    "rate": "512, 2048, 5120 or 10240 Hz, 2048 without",
    "electrodes": "96, 192, 288 or 384, 192 without: so many inputs are sent",
    **AUX,
}

HOST, PORT = "169.254.1.10", 23456
RATES = ("512", "2048", "5120", "10240")
ELECTRODES = ("96", "192", "288", "384")
_BEYOND = 24  # 16 auxiliary inputs, then 8 accessory channels, the first of which counts
_MILLIVOLTS = 5 / 2**16 / 150 * 1000
_SETTINGS, _DECIMATED, _SEND = 0x80, 0x40, 0x01
_INPUTS, _INPUT = 12, bytes([0, 0, 0b00010100])
_POLYNOMIAL = 0x8C


def command(rate: str, electrodes: str) -> bytes:
    """What starts it."""
    first = _SETTINGS | _DECIMATED | RATES.index(rate) << 3 | ELECTRODES.index(electrodes) << 1 | _SEND
    return _with_crc(bytes([first, 0, 0]) + _INPUT * _INPUTS)


def stop() -> bytes:
    """What stops it."""
    return _with_crc(bytes([_SETTINGS, 0, 0]) + _INPUT * _INPUTS)


def crc8(data: bytes) -> int:
    """CRC-8 with the reflected polynomial 0x8C, from 0."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


def layout(rate: str, electrodes: str) -> Layout:
    """Of the frames that follow `command`."""
    channels = int(electrodes) + _BEYOND
    return Layout(channels, int(electrodes), "<", channels - 8, float(rate), _MILLIVOLTS)


def open_feed(address: Address, wanted: Wanted) -> FrameFeed:
    """See `kinds.Kind`."""
    rate = address.choice("rate", "2048", RATES)
    electrodes = address.choice("electrodes", "192", ELECTRODES)
    aux = address.number("aux", 0, 0, 1) == 1
    host, port = address.host_port(HOST, PORT)
    connection = sockets.connect(host, port)
    connection.sendall(command(rate, electrodes))
    return FrameFeed("Quattrocento", connection, layout(rate, electrodes), stop(), aux, wanted.clock)


def _with_crc(data: bytes) -> bytes:
    return data + bytes([crc8(data)])
