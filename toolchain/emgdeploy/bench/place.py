"""Which one of several boards of a kind: its adapter's serial number, or else the port that it hangs on."""

from __future__ import annotations


def of_port(name: str) -> str:
    """Where the device behind the port `name` is: the same text only for the same place."""
    from serial.tools import list_ports

    for port in list_ports.comports():
        if name == port.device and port.serial_number:
            return f"USB {port.vid:04x}:{port.pid:04x} {port.serial_number}"
    return name
