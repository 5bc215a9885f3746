"""Windows through a bad cable, and what became of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from emgdeploy.errors import LinkError
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from emgdeploy.link.stats import LinkStats
from emgdeploy.link.wire import Pong
from support.devices.wire_device import Device, Firmware, expected


@dataclass(frozen=True)
class Outcome:
    """windows = right + wrong + unanswered. twice: windows that were answered more than once.

    seconds: streaming alone; line_busy_s: of these the line carried bytes to the device. silence: the longest time between two answers. device: its counters at
    the end, None when it could not be asked.
    """

    windows: int
    right: int
    wrong: int
    unanswered: int
    twice: int
    seconds: float
    line_busy_s: float
    silence: float
    stats: LinkStats
    port: FaultyPort
    device: Pong | None
    text_safe: bool
    failure: LinkError | None

    def __str__(self) -> str:
        rate = self.windows / self.seconds if self.seconds else 0.0
        return (
            f"{self.right} of {self.windows} right, {self.wrong} wrong, {self.unanswered} unanswered, "
            f"{self.seconds:.1f} s ({rate:.1f}/s), {self.stats.retried} sent again, "
            f"{self.stats.frames_rejected} rejected, {self.stats.bytes_discarded} bytes discarded, "
            f"{self.stats.resets} resets" + (f", ended by: {self.failure.message}" if self.failure else "")
        )

    def all_right(self) -> None:
        """Every window answered, once, with the right bits."""
        assert (self.right, self.wrong, self.unanswered, self.twice) == (self.windows, 0, 0, 0), str(self)


def stream(
    firmware: Firmware,
    plan: FaultPlan,
    count: int,
    options: LinkOptions | None = None,
    each: Callable[[FaultyPort, int], None] | None = None,
) -> Outcome:
    """Send `count` random windows; each(port, answers so far) is called after every answer."""
    windows = firmware.windows(count, seed=plan.seed)
    right_answers = expected(windows, firmware.outputs)
    seen: dict[int, bool] = {}
    twice = 0
    failure = None
    with Device(firmware.program) as device:
        port = FaultyPort(device.port, plan, device.waiting, device.speed, device.reset)
        client = DeviceClient(port, options)
        client.connect()
        busy_before = port.to_device.busy_s
        begun = last = time.monotonic()
        silence = 0.0
        try:
            for answer in client.stream((i, window.tobytes()) for i, window in enumerate(windows)):
                twice += answer.index in seen
                good = answer.own_input and answer.output == right_answers[answer.index].tobytes()
                seen[answer.index] = good
                now = time.monotonic()
                silence, last = max(silence, now - last), now
                if each is not None:
                    each(port, len(seen))
        except LinkError as error:
            failure = error
        seconds = time.monotonic() - begun
        line_busy_s = port.to_device.busy_s - busy_before
        try:
            pong = None if failure else client.ping()
        except LinkError:
            pong = None
    right = sum(seen.values())
    return Outcome(
        windows=count,
        right=right,
        wrong=len(seen) - right,
        unanswered=count - len(seen),
        twice=twice,
        seconds=seconds,
        line_busy_s=line_busy_s,
        silence=silence,
        stats=client.stats,
        port=port,
        device=pong,
        text_safe=client.text_safe,
        failure=failure,
    )
