"""No device keeps the host for longer than docs/protocol.md says, whatever it claims. On a simulated clock."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from emgdeploy.errors import LinkError
from emgdeploy.link import wire
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.faults import DeviceReset, NoisyLink, ProtocolBreach, RestartLoop, SilentDevice
from emgdeploy.link.framing import Frame
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.transfer import Answer
from support.devices.simulated_line import SimulatedDevice

Lie = Callable[[SimulatedDevice], None]


def stream(device: SimulatedDevice, count: int = 6, options: LinkOptions | None = None) -> list[Answer]:
    client = DeviceClient(device, options, now=device.now)
    windows = [bytes([index]) * device.inputs for index in range(count)]
    answers = list(client.stream(enumerate(windows)))
    for answer in answers:
        assert answer.output == device.right(windows[answer.index]) and answer.own_input
    return answers


def taken_and_no_result(device: SimulatedDevice) -> None:
    def forget(sequence: int) -> None:
        del device.answers[sequence]

    device.after = forget


def taken_again_and_again(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        if frame.type == wire.CHUNK:
            device.taken(frame.sequence, 0, 32)
        return frame.type == wire.CHUNK

    device.hook = lie


def nothing_of_it_here(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        if frame.type == wire.CHUNK:
            device.taken(frame.sequence, 0, 0)
        return frame.type == wire.CHUNK

    device.hook = lie


def wrong_checksum_again_and_again(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        if frame.type == wire.CHUNK and device.assembly is not None:
            device.assembly = None
            device.say(wire.REFUSED, frame.sequence, bytes((wire.Refusal.WINDOW_CRC, wire.CHUNK)))
            return True
        return False

    device.hook = lie


def _falls_silent(device: SimulatedDevice) -> None:
    device.hook = lambda frame: device.inferences >= 2


def a_self_test_of_136_years(device: SimulatedDevice) -> None:
    device.facts[5], device.facts[7] = wire.u32(1), wire.u32(0xFFFFFFFF)
    _falls_silent(device)


def inferences_of_136_years(device: SimulatedDevice) -> None:
    device.facts[5], device.ticks = wire.u32(1), 0xFFFFFFFF
    _falls_silent(device)


def restarts_on_each_window(device: SimulatedDevice) -> None:
    """A second of start-up each time."""

    def lie(frame: Frame) -> bool:
        if frame.type == wire.CHUNK:
            device.free += 1.0
            device.boot()
        return frame.type == wire.CHUNK

    device.hook = lie


def billions_of_layers(device: SimulatedDevice) -> None:
    device.facts[10] = wire.u32(1 << 31)


def bytes_beyond_the_window(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        if frame.type == wire.CHUNK:
            device.taken(frame.sequence, 0xFFFFFFE0, 0xFFFF)
        return frame.type == wire.CHUNK

    device.hook = lie


def facts_byte_by_byte(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        if frame.type == wire.READ:
            head = frame.payload[:8] + struct.pack("<I", 1 << 31)
            device.say(wire.DATA, frame.sequence, head + b"q")
        return frame.type == wire.READ

    device.hook = lie


def no_buffer(device: SimulatedDevice) -> None:
    device.rx_buffer = 0


def no_payload(device: SimulatedDevice) -> None:
    device.max_payload = 0


def rejects_everything(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        device.say(wire.NAK, 0)
        return frame.type == wire.CHUNK

    device.hook = lie


def another_first(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        if frame.type == wire.CHUNK:
            device.say(wire.ORDER, frame.sequence, struct.pack("<H", frame.sequence))
        return frame.type == wire.CHUNK

    device.hook = lie


def starts_after_each_welcome(device: SimulatedDevice) -> None:
    def lie(frame: Frame) -> bool:
        if frame.type == wire.HELLO:
            device.say(wire.WELCOME, frame.sequence, device.welcome())
            device.say(wire.BOOT, 0, session=0)
            (at, first), (_, second) = device.coming[-2:]
            device.coming[-2:] = [(at, first + second)]
        return frame.type == wire.HELLO

    device.hook = lie


def answers_of_another_length(device: SimulatedDevice) -> None:
    device.after = lambda sequence: device.send_result(sequence, output=bytes(device.outputs - 1))


def answers_without_a_byte(device: SimulatedDevice) -> None:
    device.after = lambda sequence: device.send_result(sequence, output=b"")


def an_answer_cut_short(device: SimulatedDevice) -> None:
    device.after = lambda sequence: device.say(wire.RESULT, sequence, bytes(5))


LIES: dict[Lie, type[LinkError]] = {
    taken_and_no_result: NoisyLink,
    taken_again_and_again: NoisyLink,
    nothing_of_it_here: NoisyLink,
    wrong_checksum_again_and_again: NoisyLink,
    a_self_test_of_136_years: SilentDevice,
    inferences_of_136_years: SilentDevice,
    restarts_on_each_window: RestartLoop,
    billions_of_layers: ProtocolBreach,
    bytes_beyond_the_window: ProtocolBreach,
    facts_byte_by_byte: ProtocolBreach,
    no_buffer: ProtocolBreach,
    no_payload: ProtocolBreach,
    rejects_everything: NoisyLink,
    another_first: NoisyLink,
    starts_after_each_welcome: DeviceReset,
    answers_of_another_length: ProtocolBreach,
    answers_without_a_byte: ProtocolBreach,
    an_answer_cut_short: ProtocolBreach,
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_ends_the_session(lie: Lie) -> None:
    device = SimulatedDevice()
    lie(device)
    with pytest.raises(LIES[lie]):
        stream(device, 60)
    assert device.clock < 100


def test_an_answer_to_another_window_says_so() -> None:
    device = SimulatedDevice()

    def after(sequence: int) -> None:
        known, crc = device.answers[sequence]
        device.answers[sequence] = known, crc ^ (device.inferences == 3)
        device.send_result(sequence)

    device.after = after
    windows = [bytes([index]) * device.inputs for index in range(5)]
    answers = DeviceClient(device, now=device.now).stream(enumerate(windows))
    assert [answer.own_input for answer in answers] == [True, True, False, True, True]


def test_an_honest_device_answers() -> None:
    device = SimulatedDevice()
    assert len(stream(device, 20)) == device.inferences == 20
    assert device.clock < 5


def test_restarts_now_and_then_lose_nothing() -> None:
    device = SimulatedDevice()
    seen: set[int] = set()

    def lie(frame: Frame) -> bool:
        if frame.type == wire.CHUNK and device.inferences % 3 == 2 and device.inferences not in seen:
            seen.add(device.inferences)
            device.boot()
            return True
        return False

    device.hook = lie
    assert len(stream(device, 12)) == 12 and len(seen) > 2


@pytest.mark.parametrize("frame_s", [0.3, 0.5, 1.0])
def test_a_slow_device_on_a_perfect_line_is_not_called_noisy(frame_s: float) -> None:
    device = SimulatedDevice(frame_s=frame_s)
    assert len(stream(device, 4)) == 4
    # 4 windows of 2 chunks at least, a dozen frames of greeting, and no avalanche of repeats.
    assert device.clock < 80 * frame_s


def test_what_was_sent_again_for_nothing_is_called_late() -> None:
    device = SimulatedDevice(frame_s=0.5)
    client = DeviceClient(device, now=device.now)
    assert len(list(client.stream([(0, bytes(device.inputs))]))) == 1
    client.ping()
    assert client.stats.late > 0 and client.stats.frames_rejected == 0


def test_a_long_inference_is_waited_for() -> None:
    device = SimulatedDevice(infer_s=25.0)
    device.facts[7] = wire.u32(4_000_000_000)  # 4 s, and the inference takes 25
    with pytest.raises(LinkError):
        stream(device, 1)
    device = SimulatedDevice(infer_s=25.0)
    device.facts[5], device.facts[7] = wire.u32(1_000_000), wire.u32(25_000_000)
    device.ticks = 25_000_000
    assert len(stream(device, 3)) == 3


def test_a_second_answer_that_differs_is_noticed() -> None:
    device = SimulatedDevice()

    def twice(sequence: int) -> None:
        device.send_result(sequence)
        device.send_result(sequence, output=b"\0" * device.outputs if device.inferences == 3 else None)
        device.free = max(device.free, device.clock) + 0.01
        device.coming[-2:] = [(device.free, device.coming[-2][1] + device.coming[-1][1])]  # in one read

    device.after = twice
    client = DeviceClient(device, now=device.now)
    assert len(list(client.stream((i, bytes([i]) * device.inputs) for i in range(6)))) == 6
    client.ping()
    assert client.contradicted == {2}
