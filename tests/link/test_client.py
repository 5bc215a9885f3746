"""The host's client with a real device process, on a good line and on bad ones."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import pytest

from emgdeploy.errors import UsageError
from emgdeploy.link import settings
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.faults import ForeignDevice, GarbledLink, NoisyLink, SilentDevice, Unplugged
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.proxy import FaultPlan, FaultyPort
from emgdeploy.link.wire import SelfTest
from support.devices import wire_device
from support.devices.scenario import stream
from support.devices.wire_device import Device, Firmware

pytestmark = pytest.mark.timing

QUICK = LinkOptions(connect_patience=0.6, boot_patience=0.6, patience=1.5)


def test_handshake_tells_everything(firmware: Firmware) -> None:
    with Device(firmware.program) as device:
        client = DeviceClient(device.port)
        info = client.connect()
    assert (info.board, info.firmware_build_id) == ("native", wire_device.BUILD_ID)
    assert info.model_sha256 == wire_device.MODEL_SHA256
    assert (info.clock_hz, info.tick_hz, info.timing_source) == (10**9, 10**9, "host-clock")
    assert info.selftest is SelfTest.PASSED and info.baud == 115200
    assert not client.text_safe and not client.untransparent


def test_clean_line_needs_no_repeat(firmware: Firmware) -> None:
    patient = LinkOptions(reply_timeout=5, least_timeout=5)  # a busy test machine is no bad line
    outcome = stream(firmware, FaultPlan(), 300, patient)
    outcome.all_right()
    assert outcome.stats.retried == outcome.stats.frames_rejected == outcome.stats.bytes_discarded == 0
    assert outcome.device is not None and outcome.device.inferences == 300


@pytest.mark.parametrize("first", [0xFFFC, 0x7FFE, 0])
def test_sequence_numbers_wrap(firmware: Firmware, first: int) -> None:
    stream(firmware, FaultPlan(), 40, LinkOptions(first_sequence=first)).all_right()


@pytest.mark.parametrize("in_flight", [1, 2, 4])
def test_any_number_in_flight(firmware: Firmware, in_flight: int) -> None:
    stream(
        firmware, FaultPlan(replace=2e-3, seed=in_flight), 60, LinkOptions(in_flight_windows=in_flight)
    ).all_right()


def test_large_windows_and_answers_travel_in_pieces(large_firmware: Firmware) -> None:
    outcome = stream(large_firmware, FaultPlan(replace=1e-3, seed=5), 3)
    outcome.all_right()
    assert outcome.device is not None and outcome.device.inferences == 3


def test_text_only_path_is_found_out_and_served(firmware: Firmware) -> None:
    outcome = stream(firmware, FaultPlan(cooked=True, echo=True), 40)
    outcome.all_right()
    assert outcome.text_safe and outcome.stats.echoes > 0


def test_untransparent_bytes_are_named(firmware: Firmware) -> None:
    with Device(firmware.program) as device:
        client = DeviceClient(FaultyPort(device.port, FaultPlan(cooked=True)))
        client.connect()
    assert {0x03, 0x0D, 0x11, 0x13, 0x1A} <= client.untransparent <= set(range(32))


def test_noise_alone_does_not_force_the_text_encoding(firmware: Firmware) -> None:
    for seed in range(5):
        with Device(firmware.program) as device:
            client = DeviceClient(FaultyPort(device.port, FaultPlan(replace=5e-3, seed=seed)))
            client.connect()
            assert not client.text_safe


def test_a_slow_device_is_waited_for_and_not_flooded(tmp_path_factory: pytest.TempPathFactory) -> None:
    slow = wire_device.build(tmp_path_factory.mktemp("slow"), spin=20_000_000, flags=("-O1",))
    outcome = stream(slow, FaultPlan(ring=256), 30, LinkOptions(reply_timeout=5, least_timeout=5))
    outcome.all_right()
    assert outcome.port.dropped == 0 and outcome.stats.retried == 0


def test_a_flooded_ring_is_survived(tmp_path_factory: pytest.TempPathFactory) -> None:
    slow = wire_device.build(tmp_path_factory.mktemp("slow"), spin=2_000_000, flags=("-O1",))
    greedy = LinkOptions(in_flight_bytes=1024, overrun=True)
    outcome = stream(slow, FaultPlan(ring=256), 60, greedy)
    outcome.all_right()
    assert outcome.port.dropped > 0 and outcome.stats.retried > 0


def test_resets_are_noticed_and_every_window_counts_once(firmware: Firmware) -> None:
    again = iter(range(900, 9000, 700))
    outcome = stream(
        firmware,
        FaultPlan(reset_after=3000, banner=b"boot rom v1.2\r\n"),
        60,
        each=lambda port, count: port.reset_again(next(again, 10**9)) if count % 10 == 0 else None,
    )
    outcome.all_right()
    assert outcome.stats.resets == len(outcome.port.reset_at) >= 3


def test_a_window_that_kills_the_device_is_left_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    deadly = wire_device.build(
        tmp_path_factory.mktemp("deadly"),
        flags=(),
        changes=(("model.c", "uint32_t k;\n", "uint32_t k;\n    if (input[0] == 99) { for (;;) { } }\n"),),
    )
    windows = deadly.windows(6)
    windows[:, 0] = 1
    windows[3, 0] = 99
    with Device(deadly.program) as device:
        port = FaultyPort(device.port, FaultPlan(), reset=device.reset)
        client = DeviceClient(port, dataclasses.replace(QUICK, resets=1))
        seen = []
        with pytest.raises(SilentDevice):
            for answer in client.stream((i, w.tobytes()) for i, w in enumerate(windows)):
                seen.append(answer.index)
    assert seen == [0, 1, 2]


def test_unplugging_ends_at_once(firmware: Firmware) -> None:
    outcome = stream(firmware, FaultPlan(unplug_after=5000), 200)
    assert isinstance(outcome.failure, Unplugged)
    assert outcome.right + outcome.unanswered == 200 and outcome.unanswered > 0


def test_silent_device(firmware: Firmware) -> None:
    with Device(firmware.program) as device, pytest.raises(SilentDevice):
        DeviceClient(FaultyPort(device.port, FaultPlan(drop=1.0)), QUICK).connect()


def test_hopeless_noise_is_called_noise(firmware: Firmware) -> None:
    with Device(firmware.program) as device, pytest.raises((NoisyLink, GarbledLink)):
        DeviceClient(FaultyPort(device.port, FaultPlan(replace=0.3)), QUICK).connect()


def test_wrong_rate_is_called_that(firmware: Firmware) -> None:
    with Device(firmware.program) as device:
        port = FaultyPort(device.port, FaultPlan(baud=9600, garble=True), device_baud=lambda: 115200)
        with pytest.raises(GarbledLink, match="baud"):
            DeviceClient(port, LinkOptions(connect_patience=2)).connect()


def test_a_long_self_test_at_boot_is_waited_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    slow = wire_device.build(tmp_path_factory.mktemp("slow"), spin=1_000_000_000, flags=("-O1",))
    with Device(slow.program) as device:
        client = DeviceClient(device.port, LinkOptions(connect_patience=0.2))
        assert client.connect().selftest_seconds > 0.2


def test_a_reset_at_a_raised_rate_is_noticed(firmware: Firmware) -> None:
    def at_half(port: FaultyPort, count: int) -> None:
        if count == 30:
            port.restart_device()

    plan = FaultPlan(baud=115200, garble=True)
    outcome = stream(firmware, plan, 60, LinkOptions(baud=460800), each=at_half)
    outcome.all_right()
    assert outcome.silence < 5 and outcome.stats.resets == 1 and outcome.port.baud == 460800


def test_a_device_that_waits_at_a_raised_rate_sleeps(firmware: Firmware) -> None:
    with Device(firmware.program) as device:
        port = FaultyPort(device.port, FaultPlan(baud=115200), device.waiting, device.speed, device.reset)
        DeviceClient(port, LinkOptions(baud=460800)).connect()
        before = device.sleeps()
        while device.sleeps() < before + 3 and device.speed() == 460800:
            time.sleep(0.02)
        assert device.speed() == 460800  # not only once it had given that up


def test_a_rate_that_the_device_cannot_have_is_not_taken(firmware: Firmware) -> None:
    plan = FaultPlan(baud=115200, garble=True)
    outcome = stream(firmware, plan, 10, LinkOptions(baud=123456))
    outcome.all_right()
    assert outcome.port.baud == 115200


class _Talker:
    """Something that only talks."""

    name, baud = "talker", 115200

    def read(self, timeout: float) -> bytes:
        return b"GPS \x1b]0;owned\x07 fix lost\r\n"

    def write(self, data: bytes) -> None:
        pass

    def set_baud(self, baud: int) -> bool:
        return False

    def close(self) -> None:
        pass


def test_foreign_firmware_is_quoted_harmlessly() -> None:
    with pytest.raises(ForeignDevice) as caught:
        DeviceClient(_Talker(), QUICK).connect()
    assert "fix lost" in caught.value.message and "\x1b" not in caught.value.message


def test_check_is_asked_before_anything_is_measured(firmware: Firmware) -> None:
    class _NotMine(Exception):
        pass

    def refuse(info: DeviceInfo) -> None:
        raise _NotMine

    with Device(firmware.program) as device:
        client = DeviceClient(device.port, check=refuse)
        with pytest.raises(_NotMine):
            list(client.stream([(0, bytes(192))]))


def test_an_input_that_looks_like_a_text_frame_is_sent_as_one(firmware: Firmware) -> None:
    """A window may hold what the device would take for a greeting of another session."""
    from emgdeploy.link import framing, wire
    from emgdeploy.link.framing import Frame

    trap = framing.encode(Frame(wire.HELLO, 77, 1, wire.hello(8), text=True))
    window = (trap + bytes(range(1, 200)))[:192]
    with Device(firmware.program) as device:
        client = DeviceClient(device.port)
        client.connect()
        for _ in range(3):
            answer = client.infer(window)
            expected = wire_device.expected(np.frombuffer(window, np.int8)[None])[0].tobytes()
            assert answer.output == expected
        assert client.stats.resets == 0


@pytest.mark.parametrize(
    "setting", [{"reply_limit": 100_000}, {"first_sequence": -1}, {"baud_tries": 0}, {"hello_interval": 0.0}]
)
def test_settings_that_no_link_can_have_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(setting))):
        LinkOptions(**setting)


def test_every_setting_can_be_given_as_text() -> None:
    given = "patience=3.5, resets=0, encoding=text, in_flight_windows=none, overrun, baud=9600"
    found = settings.parse(given, LinkOptions(in_flight_windows=2), "setting")
    assert found == LinkOptions(patience=3.5, resets=0, encoding="text", overrun=True, baud=9600)
    for field in dataclasses.fields(LinkOptions):
        value = getattr(LinkOptions(), field.name)
        text = "0" if value is False else str(value)
        assert settings.parse(f"{field.name}={text}", LinkOptions(), "setting") == LinkOptions()
    for wrong in ("speed=1", "patience=-1", "patience=nan", "patience=inf", "resets=1.5", "encoding=morse"):
        with pytest.raises(UsageError):
            settings.parse(wrong, LinkOptions(), "setting")
