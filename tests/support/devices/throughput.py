"""How busy the slower of line and device is, and how many echoes a second a pty carries."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from emgdeploy.link.client import DeviceClient
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from support.devices.scenario import stream
from support.devices.wire_device import Device, Firmware

_BAUD = 115200


def throughput(quick: Firmware, slow: Firmware, count: int) -> str:
    """quick: computes in no time; slow: takes longer than the line does for a window."""
    link_busy = _best(lambda: _link_share(quick, count), 0.9)
    device_busy = _best(lambda: _device_share(slow, count), 0.9)
    echoes = echo_rate(quick, max(2000, count * 10))
    assert link_busy >= 0.9, f"link busy {link_busy:.1%}"
    assert device_busy >= 0.9, f"device busy {device_busy:.1%}"
    # Whoever else computes on this machine is no property of the link.
    assert max(echoes.by_clock, echoes.by_cpu) >= 5000, echoes
    return (
        f"link-bound: line busy {link_busy:.1%}; inference-bound: device busy {device_busy:.1%}; "
        f"{echoes.by_clock:.0f} echo round trips of 192 bytes per second by the clock, {echoes.by_cpu:.0f} by the "
        "time that both sides computed"
    )


def _best(measure: Callable[[], float], enough: float) -> float:
    """The best of up to three measurements: a test machine may be busy with something else."""
    best = 0.0
    for _ in range(3):
        best = max(best, measure())
        if best >= enough:
            break
    return best


def _link_share(quick: Firmware, count: int) -> float:
    outcome = stream(quick, FaultPlan(baud=_BAUD), count)
    outcome.all_right()
    return outcome.line_busy_s / outcome.seconds


def _device_share(slow: Firmware, count: int) -> float:
    windows = slow.windows(count)
    with Device(slow.program) as device:
        client = DeviceClient(FaultyPort(device.port, FaultPlan(baud=_BAUD)))
        info = client.connect()
        begun = time.monotonic()
        ticks = sum(answer.ticks for answer in client.stream((i, w.tobytes()) for i, w in enumerate(windows)))
        return ticks / info.tick_hz / (time.monotonic() - begun)


@dataclass(frozen=True)
class EchoRate:
    """Round trips of 192 bytes per second on a bare pty: by the clock, and by the time that both sides computed.

    One waits while the other computes, so that on an idle machine the two are about the same.
    """

    by_clock: float
    by_cpu: float


def echo_rate(firmware: Firmware, count: int) -> EchoRate:
    """One echo after the other."""
    payload = bytes(range(192))
    with Device(firmware.program) as device:
        client = DeviceClient(device.port)
        client.connect()
        begun, cpu = time.monotonic(), time.process_time() + device.cpu_seconds()
        for _ in range(count):
            assert client.echo(payload) == payload
        seconds, cpu = time.monotonic() - begun, time.process_time() + device.cpu_seconds() - cpu
        return EchoRate(count / seconds, count / cpu)
