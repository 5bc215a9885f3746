"""Host and device together, on a line and a clock that hypothesis drives: any order of losses ends in right answers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emgdeploy.link import device_info, framing, wire
from emgdeploy.link.faults import NoisyLink
from emgdeploy.link.framing import Decoder, Frame
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.stats import LinkStats
from emgdeploy.link.timeouts import Timeouts
from emgdeploy.link.transfer import Answer
from emgdeploy.link.windows import Windows
from support.devices.simulated_line import SimulatedDevice

SESSION = 7
FATES = st.lists(st.sampled_from(["arrives", "arrives", "is lost", "comes twice"]), min_size=1, max_size=6)


class Line(RuleBasedStateMachine):
    """No thread, no port and no real time: each rule is one thing that can happen."""

    @initialize(
        inputs=st.sampled_from([1, 31, 32, 33, 192, 900]),
        buffer=st.sampled_from([96, 128, 256, 1024]),
        depth=st.integers(1, 6),
        text=st.booleans(),
        first=st.sampled_from([0, 5, 0xFFFE]),
    )
    def connect(self, inputs: int, buffer: int, depth: int, text: bool, first: int) -> None:
        self.device = SimulatedDevice(inputs)
        self.device.rx_buffer, self.device.depth = buffer, depth
        self.device.text, self.device.session = text, SESSION
        self.text, self.clock, self.decoder = text, 0.0, Decoder()
        welcome = wire.Welcome.unpack(self.device.welcome())
        info = device_info.parse(framing.VERSION, welcome, self.device.info())
        options = LinkOptions(patience=1000.0)
        self.windows = Windows(info, options, Timeouts(options, lambda: 115_200), LinkStats(), text, first)
        self.room = buffer
        self.waiting: list[Frame] = []
        self.sent: dict[int, bytes] = {}
        self.answers: dict[int, Answer] = {}

    @precondition(lambda self: self.windows.has_room())
    @rule()
    def a_window_more(self) -> None:
        index = len(self.sent)
        data = bytes((index * 7 + place) & 0xFF for place in range(self.device.inputs))
        self.sent[index] = data
        self.windows.admit(index, data)

    @rule(fates=FATES)
    def chunks_leave(self, fates: list[str]) -> None:
        for number, flight in enumerate(self.windows.to_send(self.clock)):
            fate = fates[number % len(fates)]
            frame = Frame(wire.CHUNK, SESSION, flight.transfer.sequence, flight.payload(), self.text)
            data = framing.encode(frame)
            assert flight.size >= len(data)
            for _ in range(("is lost", "arrives", "comes twice").index(fate)):
                self.device.write(data)

    @rule(fates=FATES)
    def answers_come(self, fates: list[str]) -> None:
        coming, self.device.coming = self.device.coming, []
        for number, (_, data) in enumerate(coming):
            fate = fates[number % len(fates)]
            for _ in range(("is lost", "arrives", "comes twice").index(fate)):
                self._hear(data)

    def _hear(self, data: bytes) -> None:
        for event in self.decoder.feed(data):
            assert isinstance(event, Frame)
            finished = self.windows.take(event, self.clock)
            if finished is not None:
                answer = self.windows.answer(finished, finished.result.data)
                assert answer.index not in self.answers
                assert answer.own_input and answer.output == self.device.right(self.sent[answer.index])
                self.answers[answer.index] = answer

    @rule()
    def something_is_spoilt(self) -> None:
        self.windows.take(Frame(wire.NAK, SESSION, 0), self.clock)

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.3, 2.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock += seconds
        self.windows.pass_time(self.clock)

    @invariant()
    def the_buffer_holds_it(self) -> None:
        if hasattr(self, "windows"):
            largest = framing.encoded_size(wire.CHUNK_HEADER + wire.UNIT, self.text)
            assert self.windows.bytes_under_way <= max(self.room, largest)
            assert len(self.windows.under_way) <= self.device.depth

    def teardown(self) -> None:
        """The line is good from here on: everything is answered, in a time that can be computed."""
        if not hasattr(self, "windows"):
            return
        for _ in range(400):
            self.chunks_leave(["arrives"])
            self.answers_come(["arrives"])
            if not self.windows.under_way:
                break
            self.time_passes(max(0.001, self.windows.time_left(self.clock)))
        assert self.windows.under_way == []
        assert sorted(self.answers) == sorted(self.sent)
        assert self.device.inferences == len(self.sent)


Line.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLine = Line.TestCase


def test_a_window_is_not_under_way_for_ever() -> None:
    """A device may acknowledge new bytes now and then; that alone does not keep the session."""
    device = SimulatedDevice(900)
    info = device_info.parse(framing.VERSION, wire.Welcome.unpack(device.welcome()), device.info())
    options = LinkOptions()
    windows = Windows(info, options, Timeouts(options, lambda: 115_200), LinkStats(), True, 0)
    windows.admit(0, bytes(900))
    windows.to_send(0.0)
    windows.check_age(9 * windows.patience())
    with pytest.raises(NoisyLink, match="a window was under way for"):
        windows.check_age(11 * windows.patience())
