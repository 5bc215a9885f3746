"""What a device with taps hands out arrives whole, whatever is lost, late or twice on the way."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgdeploy.link import reading, wire
from emgdeploy.link.faults import NoisyLink, ProtocolBreach
from emgdeploy.link.framing import Frame
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.session import Session
from emgdeploy.link.stats import LinkStats
from emgdeploy.link.timeouts import Timeouts

STEP = 3


def data(offset: int, total: int, content: bytes, step: int = STEP, what: int = wire.READ_STEP) -> Frame:
    payload = what.to_bytes(2, "little") + step.to_bytes(2, "little")
    payload += offset.to_bytes(4, "little") + total.to_bytes(4, "little") + content
    return Frame(wire.DATA, 1, 0, payload)


class Line:
    """Stands for a session: answers READ with pieces of `output`, of which some do not arrive."""

    text = False

    def __init__(self, output: bytes, draw: random.Random, loss: float, piece: int) -> None:
        self.output, self.draw, self.loss, self.piece = output, draw, loss, piece
        self.options = LinkOptions(patience=5.0)
        self.stats = LinkStats()
        self.timeouts = Timeouts(self.options, lambda: 0)
        self.questions = 0
        self.now = time.monotonic
        self._coming: list[Frame] = []

    def request(
        self, kind: int, payload: bytes, *, tries: int, busy: float, others: Callable[[Frame], None]
    ) -> Frame:
        self.questions += 1
        what, step = payload[0], int.from_bytes(payload[2:4], "little")
        offset, count = int.from_bytes(payload[4:8], "little"), int.from_bytes(payload[8:10], "little")
        assert (kind, what, step, tries) == (wire.READ, wire.READ_STEP, STEP, 1) and 0 < count <= 4096
        sent = []
        for begin in range(offset, offset + count, self.piece):
            sent.append(
                data(begin, len(self.output), self.output[begin : min(begin + self.piece, offset + count)])
            )
        arrived = [frame for frame in sent if self.draw.random() >= self.loss]
        arrived += [frame for frame in arrived if self.draw.random() < 0.1]
        arrived += [
            data(0, 7, b"another", step=STEP + 1),
            Frame(wire.PONG, 1, 0),
            data(0, 4, b"fact", what=0),
        ]
        self.draw.shuffle(arrived)
        first = next((frame for frame in arrived if frame in sent), None)
        if first is None:
            raise NoisyLink("nothing came")
        arrived.remove(first)
        cut = self.draw.randrange(len(arrived) + 1)
        for frame in arrived[:cut]:
            others(frame)
        self._coming = arrived[cut:]
        return first

    def receive(self, timeout: float) -> list[Frame]:
        come, self._coming = self._coming, []
        return come


@settings(deadline=None)
@given(
    output=st.binary(max_size=9000),
    seed=st.integers(0, 1 << 32),
    loss=st.sampled_from((0.0, 0.1, 0.5, 0.8)),
    piece=st.integers(40, 228),
)
def test_pieces_become_the_whole(output: bytes, seed: int, loss: float, piece: int) -> None:
    line = Line(output, random.Random(seed), loss, piece)
    assert reading.step(cast(Session, line), STEP, len(output), 0.0) == output
    least = -(-len(output) // 4096)
    assert line.questions >= least and line.stats.retried == line.questions - least if not loss else True


def test_a_line_that_lets_nothing_through_ends() -> None:
    line = Line(b"some", random.Random(0), 1.0, 40)
    line.options = LinkOptions(patience=0.01)
    with pytest.raises(NoisyLink, match="what layer 3 made does not get through"):
        reading.step(cast(Session, line), STEP, 4, 0.0)


@pytest.mark.parametrize(
    "answer",
    [
        data(0, 5, b"four"),
        data(3, 4, b"ab"),
        Frame(wire.DATA, 1, 0, b"short"),
        Frame(wire.REFUSED, 1, 0, b"\5\5"),
    ],
    ids=["other total", "beyond the end", "no header", "refused"],
)
def test_a_device_that_says_what_cannot_be_breaks_the_protocol(answer: Frame) -> None:
    line: Any = Line(b"four", random.Random(0), 0.0, 40)
    line.request = lambda *_, **__: answer
    with pytest.raises(ProtocolBreach):
        reading.step(line, STEP, 4, 0.0)
