"""From an open port to a device that is known: greeting, facts, and which bytes the path lets through."""

from __future__ import annotations

import zlib

from emgdeploy.link import device_info as facts
from emgdeploy.link import framing, reading, wire
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.link.faults import (
    ForeignDevice,
    GarbledLink,
    NoisyLink,
    OtherProtocol,
    ProtocolBreach,
    SilentDevice,
)
from emgdeploy.link.framing import Frame
from emgdeploy.link.session import Session
from emgdeploy.link.wire import PayloadError, Welcome
from emgdeploy.text import printable

_INFO_PIECE = 64
_MOST_INFO = 4096
_XON = 0x11
_SMALLEST_PROBE = 32
_LARGEST_PROBE = 128
# A path that only loses frames now and then lets one of these through; one that changes bytes none.
_LAST_TRIES = 12


def greet(session: Session, before_first: int) -> DeviceInfo:
    """Begin a new session, in printable bytes only, and learn the device's facts.

    before_first: the sequence number before that of the first window. Raises SilentDevice,
    GarbledLink, ForeignDevice, NoisyLink, OtherProtocol, ProtocolBreach, Unplugged.
    """
    session.renew()
    frame = _hello(session, before_first)
    if frame.version != framing.VERSION:
        raise OtherProtocol(session.port.name, frame.version, framing.VERSION)
    session.established = True
    try:
        welcome = Welcome.unpack(frame.payload)
        return facts.parse(frame.version, welcome, _read_info(session, welcome))
    except PayloadError as error:
        raise ProtocolBreach(str(error)) from error


def _hello(session: Session, before_first: int) -> Frame:
    options, stats = session.options, session.stats
    begun = session.now()
    heard, understood = stats.bytes_received, stats.frames_received
    payload = wire.hello(options.reply_limit)
    interval = options.hello_interval
    patience = options.connect_patience
    while (now := session.now()) < begun + patience:
        session.send(wire.HELLO, before_first, payload)
        frame = _await_welcome(session, min(begun + patience, now + interval))
        if frame is not None:
            return frame
        if stats.frames_received > understood:
            patience = max(options.connect_patience, options.boot_patience)
        if now > begun + 4 * interval:
            interval = min(1.0, 2 * interval)
    raise _why_silent(session, session.now() - begun, stats.bytes_received - heard)


def _await_welcome(session: Session, until: float) -> Frame | None:
    while (left := until - session.now()) > 0:
        for frame in session.receive(left):
            if frame.type in (wire.WELCOME, wire.REFUSED):
                return frame
            if frame.type == wire.NAK and session.stats.naks:
                return None
    return None


def _why_silent(
    session: Session, waited: float, received: int
) -> SilentDevice | GarbledLink | ForeignDevice | NoisyLink:
    stats, name = session.stats, session.port.name
    if received == 0:
        return SilentDevice(name, waited)
    # Every frame of ours begins with "{A" in text, so pieces of one tell a noisy line from a strange device.
    words = [line.decode("utf-8", "replace") for line in stats.log]
    shreds = any("{A" in line or "}" in line for line in words)
    if stats.frames_received or stats.naks or shreds:
        return NoisyLink(
            f"no handshake got through in {waited:.1f} s, {stats.frames_rejected} frames were broken"
        )
    if words and stats.bytes_discarded <= received // 2 and "\ufffd" not in words[-1]:
        return ForeignDevice(name, printable(words[-1])[:80])
    if stats.echoes:
        return SilentDevice(f"{name} (it only echoes what is sent)", waited)
    return GarbledLink(name, received, session.port.baud)


def _read_info(session: Session, welcome: Welcome) -> bytes:
    if welcome.info_bytes > _MOST_INFO:
        raise ProtocolBreach(f"it has {welcome.info_bytes:,} bytes of facts to say")
    info = reading.whole(session, wire.READ_INFO, 0, welcome.info_bytes, _INFO_PIECE, "its facts")
    if zlib.crc32(info) != welcome.info_crc:
        raise ProtocolBreach("its facts have the wrong checksum")
    return info


def choose_encoding(session: Session, rx_buffer: int) -> frozenset[int]:
    """Use the binary encoding if all 256 byte values travel unchanged both ways, else stay text-safe.

    Returns the byte values of the smallest block that did not get through; empty when all did.
    """
    if session.options.encoding != "auto":
        session.use_text(session.options.encoding == "text")
        return frozenset()
    size = _LARGEST_PROBE
    # Two of them fit the device's buffer, so that one that is late does no harm when it is sent again.
    while size > _SMALLEST_PROBE and 2 * framing.encoded_size(size, text=False) > rx_buffer:
        size //= 2
    session.use_text(False)
    for first in range(0, 256, size):
        lost = _probe(session, range(first, first + size))
        if lost:
            session.use_text(True)
            return lost
    return frozenset()


def _probe(session: Session, block: range) -> frozenset[int]:
    """Send the values of `block` there and back; halve it when that fails, because of noise perhaps."""
    last = len(block) <= _SMALLEST_PROBE
    # XON last, so that it follows XOFF: a path with software flow control must not stay stopped.
    payload = bytes(sorted(block, key=lambda value: (value == _XON, value)))
    try:
        answer = session.request(
            wire.ECHO, payload, tries=_LAST_TRIES if last else session.options.probe_tries
        )
        if answer.payload == payload:
            return frozenset()
    except NoisyLink:
        pass
    if last:
        return frozenset(block)
    middle = len(block) // 2
    return _probe(session, block[:middle]) or _probe(session, block[middle:])
