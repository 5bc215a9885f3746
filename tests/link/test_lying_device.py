"""A device whose frames are valid and whose words are not: sizes, offsets and sequence numbers out of thin air."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest

from emgdeploy.errors import DeviceMismatchError, LinkError
from emgdeploy.link import framing, wire
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.framing import Decoder, Frame
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.port import Port
from support.devices.wire_device import Device, Firmware, expected

pytestmark = pytest.mark.timing

_HURRIED = LinkOptions(
    connect_patience=0.3, boot_patience=0.3, patience=0.5, reply_timeout=0.05, least_timeout=0.02, resets=1
)
_ANSWERS = (0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xFF)


class _Liar:
    """Changes what a device says, one frame in `often`, and signs it with the right checksum."""

    def __init__(self, inner: Port, often: int, seed: int) -> None:
        self._inner, self._often = inner, often
        self._draw = random.Random(seed)
        self._decoder = Decoder()
        self.name, self.baud = "liar", 0
        self.lies = 0

    def read(self, timeout: float) -> bytes:
        out = b""
        for event in self._decoder.feed(self._inner.read(timeout)):
            if isinstance(event, Frame):
                out += framing.encode(self._bent(event) if self._draw.randrange(self._often) == 0 else event)
        return out

    def _bent(self, frame: Frame) -> Frame:
        draw = self._draw
        self.lies += 1
        payload = bytearray(frame.payload)
        kind = draw.randrange(6)
        if kind == 0:
            return replace(frame, payload=draw.randbytes(draw.randrange(40)))
        if kind == 1:
            return replace(frame, type=draw.choice(_ANSWERS))
        if kind == 2:
            return replace(frame, sequence=(frame.sequence + draw.randint(-5, 5)) & 0xFFFF)
        if kind == 3:
            return replace(frame, payload=bytes(payload[: draw.randrange(len(payload) + 1)]))
        if kind == 4:
            return replace(frame, type=wire.RESULT, payload=bytes(16) + draw.randbytes(8))
        for _ in range(draw.randint(1, 4)):
            if payload:
                payload[draw.randrange(len(payload))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF))
        return replace(frame, payload=bytes(payload))

    def write(self, data: bytes) -> None:
        self._inner.write(data)

    def set_baud(self, baud: int) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.mark.parametrize("large", [False, True])
def test_lies_end_in_a_sentence_and_never_in_a_hang(
    large: bool, quick_firmware: Firmware, large_firmware: Firmware
) -> None:
    firmware = large_firmware if large else quick_firmware
    windows = firmware.windows(2 if large else 12)
    right = expected(windows, firmware.outputs)
    lies = ends = answers = 0
    runs = 10 if large else 60
    for seed in range(runs):
        with Device(firmware.program) as device:
            liar = _Liar(device.port, (2, 8, 30)[seed % 3], seed)
            client = DeviceClient(liar, _HURRIED)
            begun = time.monotonic()
            try:
                for answer in client.stream((i, w.tobytes()) for i, w in enumerate(windows)):
                    # A lie may say anything of an answer, but not make one window's out of another's.
                    assert len(answer.output) == firmware.outputs and 0 <= answer.index < len(windows)
                    answers += answer.output == right[answer.index].tobytes()
                client.ping()
            except (LinkError, DeviceMismatchError) as error:
                assert error.message and error.hint
                ends += 1
            assert time.monotonic() - begun < 20
            lies += liar.lies
    assert lies > runs and ends > runs // 6 and (large or answers > 5), (lies, ends, answers)
