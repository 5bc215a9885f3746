"""The link test tells a good line from bad ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emgdeploy.errors import UsageError
from emgdeploy.link import quality, wire
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.framing import Frame
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from emgdeploy.link.proxy.plan import parse
from support.devices.simulated_line import SimulatedDevice
from support.devices.wire_device import Device, Firmware

PATIENT = LinkOptions(reply_timeout=2, least_timeout=2)  # a busy test machine is no bad line


def measured(firmware: Firmware, plan: FaultPlan, seconds: float, options: LinkOptions) -> quality.Quality:
    with Device(firmware.program) as device:
        return quality.measure(DeviceClient(FaultyPort(device.port, plan), options), seconds)


def test_a_good_line_is_clean(quick_firmware: Firmware) -> None:
    found = measured(quick_firmware, FaultPlan(), 0.3, PATIENT)
    assert found.grade == "clean" and found.byte_error_rate == 0 and not found.untransparent
    assert found.byte_error_rate_upper < 1e-3
    assert all(size.lost == 0 and size.tried > 0 and size.median_s for size in found.sizes)


@pytest.mark.parametrize("true", [1e-3, 1e-2])
def test_the_error_rate_is_right(true: float, quick_firmware: Firmware) -> None:
    found = measured(quick_firmware, FaultPlan(replace=true), 2.0, LinkOptions(reply_timeout=0.1))
    assert found.grade != "clean" and found.spoilt
    assert true / 1.3 < found.byte_error_rate < true * 1.3, found.byte_error_rate
    assert found.byte_error_rate < found.byte_error_rate_upper < 2 * true


def test_the_likeliest_rate_is_found_whatever_was_seen() -> None:
    """Of echoes that survive as often as a rate says, that rate is the likeliest."""
    for true in (1e-6, 1e-4, 1e-2, 0.05):
        seen = [(n, 10_000_000, round(10_000_000 * (1 - (1 - true) ** n))) for n in (28, 92, 220, 420)]
        rate, upper = quality.error_rate(seen)
        assert abs(rate / true - 1) < 0.02 and rate < upper < 1.2 * true
    assert quality.error_rate([(28, 100, 0)]) == (0.0, 3 / 2800)
    assert quality.error_rate([(28, 0, 0)]) == (0.0, 1.0) and quality.error_rate([(28, 5, 5)]) == (1.0, 1.0)


def _simulated(change: Callable[[SimulatedDevice], None]) -> quality.Quality:
    device = SimulatedDevice()
    client = DeviceClient(device, now=device.now)
    client.connect()
    change(device)
    return quality.measure(client, 20.0)


def test_late_is_not_hit() -> None:
    def change(device: SimulatedDevice) -> None:
        def slow(frame: Frame) -> bool:
            device.free += 0.6 if device.reads % 7 == 0 else 0.0
            return False

        device.hook = slow

    found = _simulated(change)
    assert found.late > 0 and found.lost == 0 == found.spoilt and found.byte_error_rate == 0


def test_swallowed_is_not_hit() -> None:
    def change(device: SimulatedDevice) -> None:
        device.hook = lambda frame: frame.type == wire.ECHO and frame.sequence % 9 == 0

    found = _simulated(change)
    assert found.lost > 5 and found.spoilt == 0 == found.byte_error_rate and found.grade == "usable"


def test_a_translating_line_is_usable_and_its_bytes_named(quick_firmware: Firmware) -> None:
    found = measured(quick_firmware, FaultPlan(cooked=True), 0.3, LinkOptions())
    assert found.grade == "usable" and found.text_safe and 0x0D in found.untransparent


def test_faults_are_named_on_the_command_line() -> None:
    plan = parse("replace=1e-3, echo, cooked=0, baud=9600,unplug_after=99")
    assert plan == FaultPlan(replace=1e-3, echo=True, baud=9600, unplug_after=99)
    for text in ("speed=1", "baud=fast", "banner=x"):
        with pytest.raises(UsageError):
            parse(text)
