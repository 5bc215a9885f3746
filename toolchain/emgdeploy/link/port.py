"""Byte pipes: a serial device, a socket, or the master side of a pseudo terminal."""

from __future__ import annotations

import errno
import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emgdeploy.link.faults import PortBusy, PortDenied, PortMissing, PortUnusable, Unplugged

if TYPE_CHECKING:
    import serial

USUAL_BAUD = 115200
"""The rate of a port of which nothing is known, in bit/s."""

_READ_SIZE = 65536
_WRITE_TIMEOUT = 2.0


class Port(Protocol):
    """A byte pipe to a device."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    @property
    def baud(self) -> int:
        """The rate in bit/s, or 0 where the pipe has none."""

    def read(self, timeout: float) -> bytes:
        """What has arrived, waiting at most `timeout` seconds for a first byte; b"" when none came.

        Raises Unplugged when nothing can ever come again.
        """

    def write(self, data: bytes) -> None:
        """Hand all of `data` to the wire. Raises Unplugged when that cannot be done within 2 s."""

    def set_baud(self, baud: int) -> bool:
        """Change the rate on this side; False when the pipe cannot."""

    def close(self) -> None:
        """Give the port back; a second time does nothing."""


class ResetPort(Port, Protocol):
    """A pipe with a line that resets the board."""

    def pulse_dtr(self) -> bool:
        """Reset the board; False where the pipe has no such line."""


class FdPort:
    """A file descriptor that is read and written as it is, such as a pty's master side.

    The descriptor becomes this object's own; `close` closes it.
    """

    def __init__(self, fd: int, name: str = "") -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)
        self.name = name or f"fd {fd}"
        self.baud = 0

    def read(self, timeout: float) -> bytes:
        """See Port.read."""
        if not self._poll.poll(max(0.0, timeout * 1000)):
            return b""
        return _read_fd(self._fd, self.name)

    def write(self, data: bytes) -> None:
        """See Port.write."""
        _write_fd(self._fd, data, self.name)

    def set_baud(self, baud: int) -> bool:
        """A descriptor has no rate of its own; both ends of a pty agree whatever is asked."""
        return baud == self.baud

    def close(self) -> None:
        """See Port.close."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _read_fd(fd: int, name: str) -> bytes:
    try:
        data = os.read(fd, _READ_SIZE)
    except BlockingIOError:
        return b""
    except OSError as error:
        # A pty whose other side is closed says EIO; until it is opened there is just nothing to read.
        raise Unplugged(name) from error
    if not data:
        raise Unplugged(name)
    return data


def _write_fd(fd: int, data: bytes, name: str) -> None:
    deadline = time.monotonic() + _WRITE_TIMEOUT
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unplugged(name) from None
            select.select([], [fd], [], left)
        except OSError as error:
            raise Unplugged(name) from error


@dataclass(frozen=True)
class Lines:
    """What to do with the modem control lines on opening; None leaves the system's habit.

    Many boards reset when DTR rises, and some stay in their boot loader while RTS is high.
    """

    dtr: bool | None = None
    rts: bool | None = None


class SerialPort:
    """Anything that pyserial opens."""

    def __init__(self, device: serial.Serial, name: str) -> None:
        self._device = device
        self.name = name
        self._fd = _descriptor(device)

    @property
    def baud(self) -> int:
        """The rate on this side."""
        return int(self._device.baudrate)

    def read(self, timeout: float) -> bytes:
        """See Port.read."""
        import serial

        if self._fd >= 0:
            ready, _, _ = select.select([self._fd], [], [], max(0.0, timeout))
            return _read_fd(self._fd, self.name) if ready else b""
        try:
            self._device.timeout = timeout
            first = bytes(self._device.read(1))
            return first + bytes(self._device.read(self._device.in_waiting)) if first else b""
        except (serial.SerialException, OSError) as error:
            raise Unplugged(self.name) from error

    def write(self, data: bytes) -> None:
        """See Port.write."""
        import serial

        if self._fd >= 0:
            _write_fd(self._fd, data, self.name)
            return
        try:
            self._device.write(data)
        except (serial.SerialException, OSError) as error:
            raise Unplugged(self.name) from error

    def set_baud(self, baud: int) -> bool:
        """See Port.set_baud."""
        import serial

        try:
            self._device.baudrate = baud
        except (serial.SerialException, ValueError, OSError, NotImplementedError):
            return False
        return True

    def pulse_dtr(self) -> bool:
        """Move DTR away and back, which resets many boards; False where the port has no such line."""
        try:
            for level in (False, True, False):
                self._device.dtr = level
        except OSError:
            return False
        return True

    def close(self) -> None:
        """See Port.close."""
        self._fd = -1
        self._device.close()


def _descriptor(device: serial.Serial) -> int:
    """The descriptor behind a POSIX port or a socket, -1 where there is none to select on."""
    if os.name != "posix":
        return -1
    try:
        return int(device.fileno())
    except (OSError, AttributeError, ValueError):
        return -1


def open_port(url: str, baud: int = USUAL_BAUD, lines: Lines | None = None) -> SerialPort:
    """Open what pyserial takes: /dev/ttyUSB0, COM3, socket://localhost:4000.

    The port is locked for this process. Raises PortMissing, PortBusy, PortDenied, PortUnusable.
    """
    import serial

    device = _unopened(url, baud)
    for line, value in (("dtr", (lines or Lines()).dtr), ("rts", (lines or Lines()).rts)):
        if value is not None:
            setattr(device, line, value)
    try:
        device.open()
    except (serial.SerialException, OSError, ValueError) as error:
        raise _opening_fault(url, error) from error
    port = SerialPort(device, url)
    if port._fd >= 0:
        os.set_blocking(port._fd, False)
    return port


def _unopened(url: str, baud: int) -> serial.Serial:
    import serial

    if url.startswith("socket://") and not url.rpartition(":")[2].isdigit():
        raise PortUnusable(url, "the number of the TCP port is missing")
    try:
        device: serial.Serial = serial.serial_for_url(
            url, baudrate=baud, timeout=0, write_timeout=_WRITE_TIMEOUT, do_not_open=True
        )
    except (serial.SerialException, ValueError) as error:
        raise PortUnusable(url, str(error)) from error
    if os.name == "posix" and "://" not in url:
        device.exclusive = True
    return device


def _opening_fault(url: str, error: Exception) -> PortMissing | PortBusy | PortDenied | PortUnusable:
    code = getattr(error, "errno", None)
    if code is None and isinstance(error.__context__, OSError):
        code = error.__context__.errno
    text = str(error)
    if code in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return PortDenied(url)
    if code in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return PortBusy(url)
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "FileNotFoundError" in text:
        return PortMissing(url)
    if "://" not in url and os.name == "posix" and not Path(url).exists():
        return PortMissing(url)
    return PortUnusable(url, text)
