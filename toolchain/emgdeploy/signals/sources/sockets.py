"""Sockets of sources, with their refusals as sentences."""

from __future__ import annotations

import socket
from contextlib import suppress

from emgdeploy.signals.sources.feed import NoSource
from emgdeploy.text import printable

CONNECT_S = 5.0


def connect(host: str, port: int) -> socket.socket:
    """A connection to a source that listens. Raises NoSource."""
    try:
        return _blocking(socket.create_connection((host, port), CONNECT_S))
    except OSError as error:
        raise NoSource(
            f"nothing answers at {printable(host)} port {port}: {printable(str(error))}",
            "check that the source is on, that it is in the same network, and its address",
        ) from None


def accept(host: str, port: int, seconds: float, what: str) -> socket.socket:
    """The connection of a source that connects to this machine. Raises NoSource."""
    try:
        listening = socket.create_server((host, port), backlog=1)
    except OSError as error:
        raise NoSource(
            f"port {port} cannot be opened for {what}: {printable(str(error))}",
            "end the program that holds it, or give another port",
        ) from None
    with listening:
        listening.settimeout(seconds)
        try:
            connection, _ = listening.accept()
        except OSError:
            raise NoSource(
                f"{what} has not connected to port {port} in {seconds:g} s",
                "join the device's network (or let it join yours), switch the device on and let it connect to this machine",
            ) from None
        return _blocking(connection)


def receiver(host: str, port: int) -> socket.socket:
    """A socket that datagrams are sent to. Raises NoSource."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise NoSource(
            f"datagrams to {printable(host)} port {port} cannot be received: {printable(str(error))}",
            "end the program that holds the port, or give another one",
        ) from None
    return made


def close(held: socket.socket) -> None:
    """Close, and end a read that waits in another thread."""
    with suppress(OSError):  # never connected, or gone already
        held.shutdown(socket.SHUT_RDWR)
    held.close()


def _blocking(connection: socket.socket) -> socket.socket:
    connection.settimeout(None)
    return connection
