"""A bad cable between two terminals: the host opens one by its path, the device is behind the other."""

from __future__ import annotations

import contextlib
import os
import termios
import threading
import tty
from types import TracebackType

from emgdeploy.errors import LinkError
from emgdeploy.link.port import FdPort
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from support.devices.wire_device import RATES, Device


class Relay:
    """path: what the host opens. Bytes go through a FaultyPort to the device until the block ends."""

    def __init__(self, device: Device, plan: FaultPlan) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self.port = FaultyPort(device.port, plan, device.waiting, device.speed, device.reset)
        self._host = FdPort(os.dup(self._ours), self.path)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(LinkError, OSError):
            while not self._stop.is_set():
                data = self._host.read(0.001)
                self.port.host_baud = RATES.get(termios.tcgetattr(self._ours)[5], 0)
                if data:
                    self.port.write(data)
                back = self.port.read(0.001)
                if back:
                    self._host.write(back)

    def unplug(self) -> None:
        """Both ends of the host's terminal vanish."""
        self._stop.set()
        self._thread.join()
        self._host.close()
        for name in ("_ours", "_theirs"):
            fd = getattr(self, name)
            setattr(self, name, -1)
            if fd >= 0:
                os.close(fd)

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
