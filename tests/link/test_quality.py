"""The link test tells a good line from bad ones."""

from __future__ import annotations

import pytest

from emgdeploy.errors import UsageError
from emgdeploy.link import quality
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from emgdeploy.link.proxy.plan import parse
from support.wire_device import Device, Firmware

PATIENT = LinkOptions(reply_timeout=2, least_timeout=2)  # a busy test machine is no bad line


def measured(firmware: Firmware, plan: FaultPlan, seconds: float, options: LinkOptions) -> quality.Quality:
    with Device(firmware.program) as device:
        return quality.measure(DeviceClient(FaultyPort(device.port, plan), options), seconds)


def test_a_good_line_is_clean(quick_firmware: Firmware) -> None:
    found = measured(quick_firmware, FaultPlan(), 0.3, PATIENT)
    assert found.grade == "clean" and found.byte_error_rate == 0 and not found.untransparent
    assert found.byte_error_rate_upper < 1e-3
    assert all(size.lost == 0 and size.tried > 0 and size.median_s for size in found.sizes)


def test_the_error_rate_is_about_right(quick_firmware: Firmware) -> None:
    found = measured(quick_firmware, FaultPlan(replace=2e-3), 1.5, LinkOptions(reply_timeout=0.1))
    assert found.grade == "bad" and 0.8e-3 < found.byte_error_rate < 4e-3


def test_a_translating_line_is_usable_and_its_bytes_named(quick_firmware: Firmware) -> None:
    found = measured(quick_firmware, FaultPlan(cooked=True), 0.3, LinkOptions())
    assert found.grade == "usable" and found.text_safe and 0x0D in found.untransparent


def test_faults_are_named_on_the_command_line() -> None:
    plan = parse("replace=1e-3, echo, cooked=0, baud=9600,unplug_after=99")
    assert plan == FaultPlan(replace=1e-3, echo=True, baud=9600, unplug_after=99)
    for text in ("speed=1", "baud=fast", "banner=x"):
        with pytest.raises(UsageError):
            parse(text)
