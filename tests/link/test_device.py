"""The device's side of the conversation, frame by frame."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from emgdeploy.link import framing, wire
from emgdeploy.link.framing import Decoder, Frame
from emgdeploy.link.wire import Pong, Refusal, Result, SelfTest, Taken, Welcome
from support.devices import wire_device
from support.devices.wire_device import Device, Firmware

SESSION = 0x51E55104
FIRST = 0xFFFE  # so that every test crosses the sequence numbers' wrap


class Talk:
    """Frames to and from a device, with nothing in between that repeats or forgives."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._decoder = Decoder()
        self._waiting: list[Frame] = []

    def send(
        self, kind: int, sequence: int, payload: bytes = b"", text: bool = False, session: int = SESSION
    ) -> None:
        self.raw(framing.encode(Frame(kind, session, sequence & 0xFFFF, payload, text)))

    def raw(self, data: bytes) -> None:
        self.device.port.write(data)

    def next(self, timeout: float = 2.0) -> Frame:
        give_up = time.monotonic() + timeout
        while not self._waiting:
            left = give_up - time.monotonic()
            assert left > 0, "no answer"
            events = self._decoder.feed(self.device.port.read(left))
            self._waiting += [event for event in events if isinstance(event, Frame)]
        return self._waiting.pop(0)

    def ask(self, kind: int, sequence: int, payload: bytes = b"", **more: bool) -> Frame:
        self.send(kind, sequence, payload, **more)
        return self.next()

    def quiet(self, seconds: float = 0.05) -> bool:
        return not self._waiting and not self.device.port.read(seconds)

    def chunk(self, sequence: int, window: bytes, offset: int, count: int, crc: int | None = None) -> Frame:
        crc = zlib.crc32(window) if crc is None else crc
        payload = wire.chunk(len(window), crc, offset, window[offset : offset + count])
        return self.ask(wire.CHUNK, sequence, payload)

    def inferences(self) -> int:
        return Pong.unpack(self.ask(wire.PING, 1).payload).inferences


@pytest.fixture
def talk(firmware: Firmware) -> Iterator[Talk]:
    with Device(firmware.program) as device:
        talk = Talk(device)
        boot = talk.next()
        assert (boot.type, boot.text, boot.session) == (wire.BOOT, True, 0)
        welcome = talk.ask(wire.HELLO, FIRST - 1, wire.hello(128), text=True)
        assert (welcome.type, welcome.session) == (wire.WELCOME, SESSION)
        yield talk


@pytest.fixture
def window(firmware: Firmware) -> bytes:
    return bytes(firmware.windows(1, seed=3)[0])


def right_answer(window: bytes) -> bytes:
    return bytes(wire_device.expected(np.frombuffer(window, np.int8)[None])[0])


def whole(talk: Talk, sequence: int, window: bytes) -> Result:
    assert Taken.unpack(talk.chunk(sequence, window, 0, 192).payload).complete
    answer = talk.next()
    assert (answer.type, answer.sequence) == (wire.RESULT, sequence & 0xFFFF)
    return Result.unpack(answer.payload)


def test_greeting_tells_buffers_and_self_test(talk: Talk) -> None:
    welcome = Welcome.unpack(talk.ask(wire.HELLO, FIRST - 1, wire.hello(128)).payload)
    assert (welcome.input_bytes, welcome.output_bytes, welcome.depth) == (192, 8, 4)
    assert welcome.selftest is SelfTest.PASSED
    assert welcome.rx_buffer == 256 and welcome.max_payload == 240


def test_window_in_one_chunk_is_inferred_and_its_input_checked(talk: Talk, window: bytes) -> None:
    result = whole(talk, FIRST, window)
    assert (result.data, result.input_crc) == (right_answer(window), zlib.crc32(window))


def test_a_repeat_is_answered_from_memory_and_computed_once(talk: Talk, window: bytes) -> None:
    first = whole(talk, FIRST, window)
    for _ in range(3):
        again = talk.chunk(FIRST, window, 0, 192)
        assert again.type == wire.RESULT and Result.unpack(again.payload) == first
    assert talk.inferences() == 1


def test_older_than_the_kept_answers_is_stale_and_not_computed(talk: Talk, window: bytes) -> None:
    for step in range(5):
        whole(talk, FIRST + step, window)
    assert talk.chunk(FIRST + 1, window, 0, 192).type == wire.RESULT
    assert talk.chunk(FIRST, window, 0, 192).type == wire.STALE
    assert talk.inferences() == 5


def test_a_number_that_was_skipped_is_still_computed_within_the_depth(talk: Talk, window: bytes) -> None:
    whole(talk, FIRST + 2, window)
    assert whole(talk, FIRST + 1, window).data == right_answer(window)
    assert talk.inferences() == 2


def test_chunks_in_any_order_and_twice(talk: Talk, window: bytes) -> None:
    for offset in (128, 0, 128, 64, 0):
        taken = Taken.unpack(talk.chunk(FIRST, window, offset, 32 if offset == 64 else 64).payload)
        assert (taken.offset, taken.complete) == (offset, False)
    stands = Taken.unpack(talk.chunk(FIRST, window, 0, 0).payload)
    assert (stands.offset, stands.length, stands.complete) == (96, 0, False)
    assert Taken.unpack(talk.chunk(FIRST, window, 96, 32).payload).complete
    assert Result.unpack(talk.next().payload).data == right_answer(window)


def test_no_inference_when_the_whole_does_not_have_its_checksum(talk: Talk, window: bytes) -> None:
    refused = talk.chunk(FIRST, window, 0, 192, crc=1)
    assert refused.type == wire.REFUSED and refused.payload[0] == Refusal.WINDOW_CRC
    assert talk.inferences() == 0
    assert whole(talk, FIRST, window).data == right_answer(window)


def test_another_window_has_to_wait_for_the_one_in_assembly(talk: Talk, window: bytes) -> None:
    talk.chunk(FIRST, window, 0, 64)
    order = talk.chunk(FIRST + 1, window, 0, 192)
    assert order.type == wire.ORDER and wire.unpack_u16(order.payload) == FIRST
    talk.chunk(FIRST, window, 64, 128)
    assert talk.next().type == wire.RESULT
    whole(talk, FIRST + 1, window)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"short", Refusal.BAD_PAYLOAD),
        (wire.chunk(191, 1, 0, bytes(32)), Refusal.WINDOW_LENGTH),
        (wire.chunk(192, 1, 16, bytes(32)), Refusal.OUT_OF_RANGE),
        (wire.chunk(192, 1, 0, bytes(33)), Refusal.OUT_OF_RANGE),
        (wire.chunk(192, 1, 192, bytes(32)), Refusal.OUT_OF_RANGE),
        (wire.chunk(192, 1, 160, bytes(64)), Refusal.OUT_OF_RANGE),
        (wire.chunk(192, 1, 0xFFFFFFE0, bytes(64)), Refusal.OUT_OF_RANGE),
    ],
)
def test_impossible_chunks_are_refused_by_name(talk: Talk, payload: bytes, reason: Refusal) -> None:
    refused = talk.ask(wire.CHUNK, FIRST, payload)
    assert refused.type == wire.REFUSED and list(refused.payload) == [reason, wire.CHUNK]


def test_unknown_type_and_version_are_refused(talk: Talk) -> None:
    assert talk.ask(0x33, 1).payload[0] == Refusal.UNKNOWN_TYPE
    talk.raw(framing.encode(Frame(wire.PING, SESSION, 1, version=2)))
    assert talk.next().payload[0] == Refusal.VERSION


def test_another_session_gets_nothing_but_no_session(talk: Talk, window: bytes) -> None:
    talk.send(wire.CHUNK, FIRST, wire.chunk(192, zlib.crc32(window), 0, window), session=SESSION + 1)
    assert talk.next().type == wire.NO_SESSION
    assert talk.inferences() == 0


def test_a_late_repeat_of_the_greeting_does_not_disturb_its_session(talk: Talk, window: bytes) -> None:
    first = whole(talk, FIRST, window)
    talk.ask(wire.HELLO, FIRST - 1, wire.hello(128), text=True)
    assert Result.unpack(talk.chunk(FIRST, window, 0, 192).payload) == first
    assert talk.inferences() == 1


def test_reset_forgets_the_session_and_says_so(talk: Talk, window: bytes) -> None:
    whole(talk, FIRST, window)
    talk.device.reset()
    assert talk.next().type == wire.BOOT
    answer = talk.chunk(FIRST, window, 0, 32)
    while answer.type == wire.NAK:  # so many bytes without a greeting are noise until they end
        answer = talk.next()
    assert answer.type == wire.NO_SESSION


def test_answers_of_ours_that_are_echoed_back_are_passed_over(talk: Talk) -> None:
    for kind in (wire.WELCOME, wire.RESULT, wire.NAK, wire.BOOT):
        talk.send(kind, 1, b"echo")
    assert talk.quiet()


def test_a_broken_frame_is_asked_for_again_at_once_in_the_encoding_in_use(talk: Talk) -> None:
    good = framing.encode(Frame(wire.PING, SESSION, 1))
    broken = good.replace(b"\x06", b"\x07", 1)
    talk.ask(wire.PING, 1)
    talk.raw(broken)
    nak = talk.next()
    assert (nak.type, nak.text) == (wire.NAK, False)
    coded = framing.encode(Frame(wire.PING, SESSION, 2, text=True))
    talk.raw(coded)
    assert talk.next().text
    talk.raw(coded[:9] + b"*" + coded[10:])
    assert (lambda frame: (frame.type, frame.text))(talk.next()) == (wire.NAK, True)


def test_binary_frames_are_no_broken_text_to_a_device_that_only_knows_text_so_far(talk: Talk) -> None:
    for session_like in range(256):
        payload = b"{" + bytes([session_like]) + b"{A\x01{AB\x02\x03"
        talk.raw(framing.encode(Frame(wire.ECHO, SESSION, 1, payload)))
        assert talk.next().type == wire.ECHOED
        talk.ask(wire.PING, 1, text=True)


def test_answers_come_in_the_encoding_of_the_question(talk: Talk) -> None:
    for text in (False, True, False):
        answer = talk.ask(wire.ECHO, 1, b"both", text=text)
        assert (answer.type, answer.payload, answer.text) == (wire.ECHOED, b"both", text)


def test_half_a_frame_does_no_harm(talk: Talk, window: bytes) -> None:
    talk.ask(wire.PING, 1)
    talk.raw(
        framing.encode(Frame(wire.CHUNK, SESSION, FIRST, wire.chunk(192, zlib.crc32(window), 0, window)))[:90]
    )
    assert talk.quiet()
    assert talk.ask(wire.PING, 1).type == wire.NAK  # the delimiter ends the half
    assert talk.next().type == wire.PONG


def test_half_a_frame_is_forgotten_after_a_pause(talk: Talk) -> None:
    talk.ask(wire.PING, 1)
    talk.raw(framing.encode(Frame(wire.ECHO, SESSION, 1, b"x" * 40))[:30])
    assert talk.quiet(0.8)
    talk.raw(framing.encode(Frame(wire.ECHO, SESSION, 1, b"y", text=True))[:9])
    assert talk.quiet(0.8)
    answer = talk.ask(wire.ECHO, 2, b"whole")
    assert (answer.type, answer.payload) == (wire.ECHOED, b"whole")
    assert Pong.unpack(talk.ask(wire.PING, 1).payload).frames_rejected == 0


def test_noise_before_any_session_is_answered(firmware: Firmware) -> None:
    with Device(firmware.program) as device:
        talk = Talk(device)
        assert talk.next().type == wire.BOOT
        talk.raw(b"\xf8\x80" * 30)
        assert talk.next().type == wire.NAK


def test_facts_are_read_in_pieces_of_any_size(talk: Talk) -> None:
    welcome = Welcome.unpack(talk.ask(wire.HELLO, FIRST - 1, wire.hello(128)).payload)
    pieces = [
        wire.Data.unpack(talk.ask(wire.READ, 9, wire.read(wire.READ_INFO, 0, at, 7)).payload).data
        for at in range(0, welcome.info_bytes, 7)
    ]
    info = b"".join(pieces)
    assert len(info) == welcome.info_bytes and zlib.crc32(info) == welcome.info_crc
    beyond = wire.Data.unpack(talk.ask(wire.READ, 9, wire.read(wire.READ_INFO, 0, 0xFFFFFFF0, 64)).payload)
    assert beyond.data == b""


def test_an_answer_that_is_not_kept_cannot_be_read(talk: Talk) -> None:
    refused = talk.ask(wire.READ, 9, wire.read(wire.READ_OUTPUT, FIRST, 0, 8))
    assert refused.payload[0] == Refusal.OUT_OF_RANGE


def test_a_failed_self_test_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    broken = wire_device.build(tmp_path_factory.mktemp("broken"), selftest=1, flags=())
    with Device(broken.program) as device:
        talk = Talk(device)
        talk.next()
        welcome = Welcome.unpack(talk.ask(wire.HELLO, 1, wire.hello(8), text=True).payload)
        assert welcome.selftest is SelfTest.FAILED
