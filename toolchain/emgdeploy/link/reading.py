"""READ: what is longer than one answer, piece by piece."""

from __future__ import annotations

from collections.abc import Callable

from emgdeploy.link import framing, wire
from emgdeploy.link.faults import NoisyLink, ProtocolBreach
from emgdeploy.link.framing import Frame
from emgdeploy.link.session import Session
from emgdeploy.link.wire import Data, PayloadError

_STEP_AT_ONCE = 4096
"""Bytes of a step's output asked for at once: each question costs an inference, and what is lost of its
answers another one."""

_LEAST_PIECE = 16
"""Bytes that an answer brings at least, so that the number of questions has an end."""


def whole(
    session: Session,
    what: int,
    reference: int,
    total: int,
    piece: int,
    name: str,
    have: int = 0,
    others: Callable[[Frame], None] | None = None,
) -> bytes:
    """Bytes [have, total) of something that does not change, at most `piece` of them in one answer.

    name: what it is, for messages. others: see Session.request. Raises NoisyLink, ProtocolBreach,
    DeviceReset, Unplugged.
    """
    rest = bytearray()
    while have + len(rest) < total:
        offset = have + len(rest)
        wanted = min(piece, total - offset)
        answer = session.request(wire.READ, wire.read(what, reference, offset, wanted), others=others)
        if answer.type == wire.REFUSED:
            raise ProtocolBreach(f"it refuses to say {name} (reason {answer.payload[:1].hex()})")
        found = _data(answer)
        if found.offset != offset or not min(wanted, _LEAST_PIECE) <= len(found.data) <= wanted:
            raise ProtocolBreach(f"of {name} it sends another piece than was asked for")
        rest += found.data
    return bytes(rest)


def step(session: Session, number: int, total: int, inference_s: float) -> bytes:
    """The output of a step, `total` bytes, of the window that was inferred last.

    Each question has the device infer again and send what it makes, in as many answers as it takes.
    Raises NoisyLink, ProtocolBreach, DeviceReset, Unplugged.
    """
    pieces = _Pieces(number, total)
    patience = session.options.patience + 2 * inference_s
    give_up = session.now() + patience
    busy = 3 * inference_s + 0.1
    while (gap := pieces.gap()) is not None:
        if session.now() > give_up:
            raise NoisyLink(f"what layer {number} made does not get through")
        before = pieces.missing
        begin, end = gap[0], min(gap[1], gap[0] + _STEP_AT_ONCE)
        _ask(session, pieces, begin, end, busy)
        session.stats.retried += not pieces.has(begin, end)
        if pieces.missing < before:
            give_up = session.now() + patience
        else:
            busy = min(2 * busy, patience)  # an emulator may be slower than what it emulates
    return bytes(pieces.data)


def _ask(session: Session, pieces: _Pieces, begin: int, end: int, busy: float) -> None:
    """Ask once for bytes [begin, end), and take what comes until it is all or the line is quiet."""
    question = wire.read(wire.READ_STEP, pieces.number, begin, end - begin)
    try:
        answer = session.request(wire.READ, question, tries=1, busy=busy, others=pieces.take)
    except NoisyLink:
        return
    if answer.type == wire.REFUSED:
        raise ProtocolBreach(f"it refuses to say what layer {pieces.number} made")
    pieces.take(answer)
    longest = framing.encoded_size(wire.DATA_HEADER + session.options.reply_limit, session.text)
    quiet = session.timeouts.wire_time(longest) + session.options.least_timeout
    while not pieces.has(begin, end) and (frames := session.receive(quiet)):
        for frame in frames:
            pieces.take(frame)


def _data(frame: Frame) -> Data:
    try:
        return Data.unpack(frame.payload)
    except PayloadError as error:
        raise ProtocolBreach(str(error)) from error


class _Pieces:
    """What has come of a step's output, in whatever order."""

    def __init__(self, number: int, total: int) -> None:
        self.number, self.data = number, bytearray(total)
        self._have = bytearray(total)

    @property
    def missing(self) -> int:
        """Bytes that have not come."""
        return self._have.count(0)

    def gap(self) -> tuple[int, int] | None:
        """[begin, end) of the first bytes that have not come; None when all have."""
        begin = self._have.find(0)
        if begin < 0:
            return None
        end = self._have.find(1, begin)
        return begin, len(self._have) if end < 0 else end

    def has(self, begin: int, end: int) -> bool:
        """Whether all of [begin, end) has come."""
        return self._have.find(0, begin, end) < 0

    def take(self, frame: Frame) -> None:
        """Anything but a piece of this step is passed over."""
        if frame.type != wire.DATA:
            return
        found = _data(frame)
        if (found.what, found.reference) != (wire.READ_STEP, self.number):
            return
        end = found.offset + len(found.data)
        if found.total != len(self.data) or end > found.total:
            raise ProtocolBreach(
                f"layer {self.number} makes {found.total} bytes where {len(self.data)} are due"
            )
        self.data[found.offset : end] = found.data
        self._have[found.offset : end] = b"\1" * len(found.data)
