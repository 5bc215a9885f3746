"""One conversation with a device: frames out, the frames that answer them in."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NoReturn

from emgdeploy.link import framing, wire
from emgdeploy.link.faults import DeviceReset, NoisyLink
from emgdeploy.link.framing import Decoder, Frame, LogLine, Rejected
from emgdeploy.link.options import LinkOptions
from emgdeploy.link.port import Port
from emgdeploy.link.stats import LinkStats
from emgdeploy.link.timeouts import Timeouts

_REMEMBERED = 128

Trace = Callable[[str, bytes], None]


class Session:
    """Frames over a port under one session number.

    text: the encoding that we send in. established: the device has answered the greeting. raised: the
    line is at another rate than that of a freshly started device. now: the seconds of a clock that only goes
    forward. timeouts: how long an answer may take. sequence: number of the last question. contradicted: indices
    of windows that the device answered twice, and differently.
    """

    def __init__(
        self,
        port: Port,
        options: LinkOptions,
        stats: LinkStats,
        trace: Trace | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port = port
        self.options = options
        self.stats = stats
        self.text = True
        self.number = 0
        self.established = False
        self.raised = False
        self.now = now
        self._trace = trace
        self._decoder = Decoder(text_only=True)
        self.sequence = secrets.randbelow(1 << 16)
        self.timeouts = Timeouts(options, lambda: port.baud)
        self._results: OrderedDict[int, tuple[int, bytes | None]] = OrderedDict()
        self.contradicted: set[int] = set()

    def renew(self) -> None:
        """Begin under a number that no earlier answer can carry, in the encoding that always works."""
        self.number = secrets.randbelow((1 << 32) - 1) + 1
        self.established = False
        self._results.clear()
        self.use_text(True)

    def use_text(self, text: bool) -> None:
        """Choose the encoding for what is sent, and expect answers in it."""
        self.text = text
        self._decoder.text_only = text

    def send(self, kind: int, sequence: int, payload: bytes, text: bool | None = None) -> int:
        """Hand one frame to the port; how many bytes it is on the wire. Raises Unplugged."""
        encoding = self.text if text is None else text
        data = framing.encode(Frame(kind, self.number, sequence, payload, encoding))
        if not encoding and framing.hides_text_frame(data):
            data = framing.encode(Frame(kind, self.number, sequence, payload, text=True))
        if self._trace:
            self._trace(">", data)
        self.port.write(data)
        self.stats.bytes_sent += len(data)
        self.stats.frames_sent += 1
        return len(data)

    def receive(self, timeout: float) -> list[Frame]:
        """Answers that belong to this session, waiting at most `timeout` seconds for bytes.

        A piece of the stream that was rejected stands in the list as a NAK: it may have been an
        answer, and asking again is the cure for both. Raises DeviceReset, Unplugged.
        """
        data = self.port.read(timeout)
        if not data:
            return []
        self.stats.bytes_received += len(data)
        if self._trace:
            self._trace("<", data)
        frames: list[Frame] = []
        lost = welcomed = False
        for event in self._decoder.feed(data):
            if isinstance(event, Frame):
                if self._sort(event, frames):
                    lost = True
                    # A device that starts after it has said welcome has forgotten that it did.
                    welcomed = any(frame.type == wire.WELCOME for frame in frames)
            elif isinstance(event, LogLine):
                self.stats.log_lines += 1
                self.stats.log.append(event.data)
            else:
                self._count_rejected(event)
                frames.append(Frame(wire.NAK, self.number, 0))
        if lost and (self.established or welcomed):
            self.lose()
        return frames

    def lose(self) -> NoReturn:
        """The device does not know this session any more. Raises DeviceReset."""
        self.stats.resets += 1
        self.established = False
        raise DeviceReset

    def _count_rejected(self, event: Rejected) -> None:
        self.stats.frames_rejected += 1
        self.stats.bytes_discarded += len(event.data)

    def _sort(self, frame: Frame, frames: list[Frame]) -> bool:
        """Put an answer of this session into `frames`; whether the device says that it knows no such session."""
        if frame.type < wire.ANSWER:
            self.stats.echoes += 1
            return False
        self.stats.frames_received += 1
        if frame.type == wire.BOOT:
            return True
        if frame.type == wire.NO_SESSION:
            return frame.session != self.number
        if frame.type == wire.NAK:
            self.stats.naks += 1
            self.stats.frames_rejected += 1
            frames.append(frame)
        elif frame.session == self.number:
            self._compare(frame)
            frames.append(frame)
        else:
            self.stats.stale += 1
        return False

    def begin(self, sequence: int, index: int) -> None:
        """Window `index` goes under this number: a RESULT that contradicts the first one for it is noted."""
        self._results[sequence] = index, None
        self._results.move_to_end(sequence)
        while len(self._results) > _REMEMBERED:
            self._results.popitem(last=False)

    def _compare(self, frame: Frame) -> None:
        if frame.type != wire.RESULT or frame.sequence not in self._results:
            return
        index, payload = self._results[frame.sequence]
        if payload is None:
            self._results[frame.sequence] = index, frame.payload
        elif payload != frame.payload:
            self.contradicted.add(index)

    def request(
        self,
        kind: int,
        payload: bytes = b"",
        *,
        patience: float | None = None,
        tries: int | None = None,
        busy: float = 0.0,
        others: Callable[[Frame], None] | None = None,
    ) -> Frame:
        """Ask until answered. Raises NoisyLink, DeviceReset, Unplugged.

        patience: seconds, default the options'. busy: seconds that the device may compute before it answers.
        others: what to do with frames that are no answer to this, or follow it.
        """
        self.sequence = (self.sequence + 1) & 0xFFFF
        sequence = self.sequence
        give_up = self.now() + (self.options.patience if patience is None else patience)
        attempt = 0
        while (tries is None or attempt < tries) and self.now() < give_up:
            self.stats.retried += attempt > 0
            attempt += 1
            sent = self.send(kind, sequence, payload)
            begun = self.now()
            # The answer may be as long as any frame; the wire needs its time for both.
            on_wire = self.timeouts.wire_time(
                sent + framing.encoded_size(self.options.reply_limit, self.text)
            )
            until = min(give_up, begun + on_wire + self.timeouts.reply() + busy)
            answer = self._await(kind, sequence, until, others)
            if answer is None:
                self.timeouts.missed()
                continue
            if answer.type == wire.NAK:
                continue
            if attempt == 1 and not busy:
                self.timeouts.measured(max(0.0, self.now() - begun - on_wire))
            return answer
        raise NoisyLink(f"a request went unanswered {attempt} times")

    def _await(
        self, kind: int, sequence: int, until: float, others: Callable[[Frame], None] | None
    ) -> Frame | None:
        """The answer, or a NAK when something was rejected, or None when nothing came."""
        answer: Frame | None = None
        while (left := until - self.now()) > 0:
            rejected: Frame | None = None
            for frame in self.receive(left):
                answers = frame.type in (kind + wire.ANSWER, wire.REFUSED) and frame.sequence == sequence
                if answers and answer is None:
                    answer = frame
                elif frame.type == wire.NAK:
                    rejected = frame
                else:
                    self.stats.late += frame.type == kind + wire.ANSWER
                    if others is not None:
                        others(frame)
            if answer is not None or rejected is not None:
                return answer or rejected
        return None
