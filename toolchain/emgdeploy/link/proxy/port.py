"""A port with a bad cable behind it."""

from __future__ import annotations

import time
from collections.abc import Callable

from emgdeploy.link.faults import Unplugged
from emgdeploy.link.port import Port
from emgdeploy.link.proxy.line import Line
from emgdeploy.link.proxy.noise import Noise
from emgdeploy.link.proxy.plan import FaultPlan


class FaultyPort:
    """Stands before another port and does to its bytes what the plan says.

    waiting: how many bytes the device has not read yet, for the ring. device_baud: the device's rate,
    for garble, which compares it with host_baud. reset: restarts the device, for reset_after. dropped: bytes that found the ring full.
    """

    def __init__(
        self,
        inner: Port,
        plan: FaultPlan,
        waiting: Callable[[], int] | None = None,
        device_baud: Callable[[], int] | None = None,
        reset: Callable[[], None] | None = None,
    ) -> None:
        self._inner = inner
        self.plan = plan
        self._waiting = waiting or (lambda: 0)
        self._device_baud = device_baud
        self._reset = reset
        self.host_baud = plan.baud
        self.to_device = Line(plan.baud, 0.0, plan.pieces, plan.seed)
        self.to_host = Line(plan.baud, plan.delay_s, plan.pieces, plan.seed + 1)
        self.noise_out = Noise(plan, to_device=True, seed=plan.seed + 2)
        self.noise_in = Noise(plan, to_device=False, seed=plan.seed + 3)
        self.through = 0
        self.dropped = 0
        self.unplugged_at: float | None = None
        self.reset_at: list[float] = []
        self.next_reset = plan.reset_after
        self._say(plan.banner)

    @property
    def name(self) -> str:
        """The inner port's name."""
        return self._inner.name

    @property
    def baud(self) -> int:
        """The rate on the host's side."""
        return self.host_baud

    def set_baud(self, baud: int) -> bool:
        """See Port.set_baud; the line's pace follows."""
        self.host_baud = baud
        self._pace(baud)
        return True

    def _pace(self, baud: int) -> None:
        if self.plan.baud:
            self.to_device.set_baud(baud)
            self.to_host.set_baud(baud)

    def write(self, data: bytes) -> None:
        """See Port.write."""
        self._pump()
        self._count(len(data))
        now = time.monotonic()
        self.to_device.put(data, now)
        if self.plan.echo:
            self.to_host.put(self.noise_in.apply(data), now)
        self._pump()

    def read(self, timeout: float) -> bytes:
        """See Port.read."""
        give_up = time.monotonic() + max(0.0, timeout)
        while True:
            self._pump()
            now = time.monotonic()
            data = self.to_host.take(now)
            if data:
                return data
            if now >= give_up:
                return b""
            due = [
                moment
                for moment in (self.to_device.next_due(), self.to_host.next_due())
                if moment is not None
            ]
            self._listen(max(0.0, min([give_up, *due]) - now))

    def close(self) -> None:
        """Close the inner port."""
        self._inner.close()

    def _pump(self) -> None:
        """Everything whose time has come moves on."""
        if self.unplugged_at is not None:
            raise Unplugged(self.name)
        self._deliver(self.to_device.take(time.monotonic()))
        self._listen(0.0)

    def _listen(self, timeout: float) -> None:
        data = self._inner.read(timeout)
        if data:
            self._count(len(data))
            self.to_host.put(self.noise_in.apply(data, self._rates_differ()), time.monotonic())

    def _deliver(self, data: bytes) -> None:
        data = self.noise_out.apply(data, self._rates_differ()) if data else b""
        if self.plan.ring and data:
            room = max(0, self.plan.ring - self._waiting())
            self.dropped += max(0, len(data) - room)
            data = data[:room]
        if data:
            self._inner.write(data)

    def _rates_differ(self) -> bool:
        if not self.plan.garble or self._device_baud is None:
            return False
        return self._device_baud() != self.host_baud

    def _count(self, count: int) -> None:
        self.through += count
        if self.plan.unplug_after is not None and self.through >= self.plan.unplug_after:
            self.unplugged_at = time.monotonic()
            raise Unplugged(self.name)
        if self.next_reset is not None and self.through >= self.next_reset:
            self.restart_device()

    def restart_device(self) -> None:
        """Reset the device now; what was on the line is lost. It may be asked for again with `reset_again`."""
        self.next_reset = None
        self.reset_at.append(time.monotonic())
        self.to_device.clear()
        self.to_host.clear()
        if self._reset is not None:
            self._reset()
        self._say(self.plan.banner)

    def reset_again(self, after: int) -> None:
        """Reset once more after so many further bytes."""
        self.next_reset = self.through + after

    def _say(self, text: bytes) -> None:
        if text:
            self.to_host.put(text, time.monotonic())
