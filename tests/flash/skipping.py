"""Deadlines without waiting: while a fake board is silent for good, time is skipped instead of spent."""

from __future__ import annotations

import time

from fake_spresense import FakeSpresense

from emgdeploy.link.port import SerialPort, open_port

_LOOK_S = 0.02


class SkippingPort:
    """The host's end of `fake`. `clock` is real time and what was skipped.

    A wait for something that the fake will never say is over at once and counted in full; any other wait
    is a real one, so a slow machine meets no deadline that it would not meet anyway.
    """

    def __init__(self, fake: FakeSpresense) -> None:
        self._fake = fake
        self._port: SerialPort = open_port(fake.port)
        self.skipped = 0.0
        self.name = self._port.name

    def clock(self) -> float:
        """Seconds."""
        return time.monotonic() + self.skipped

    @property
    def baud(self) -> int:
        """See Port."""
        return self._port.baud

    def read(self, timeout: float) -> bytes:
        """See Port."""
        if self._fake.application_runs.is_set():
            return self._port.read(timeout)
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0 and not self._fake.silent.is_set():
            data = self._port.read(min(left, _LOOK_S))
            if data:
                return data
        data = self._port.read(0.001)
        if not data and self._fake.silent.is_set():
            self.skipped += timeout
        return data

    def write(self, data: bytes) -> None:
        """See Port."""
        self._port.write(data)

    def set_baud(self, baud: int) -> bool:
        """See Port."""
        return self._port.set_baud(baud)

    def pulse_dtr(self) -> bool:
        """See ResetPort."""
        return self._port.pulse_dtr()

    def close(self) -> None:
        """See Port."""
        self._port.close()
