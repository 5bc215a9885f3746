"""Parameter sets on a device (docs/protocol.md): asked for, written, given up. Nothing here knows what they mean."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from emgdeploy.link import wire
from emgdeploy.link.faults import ProtocolBreach, RequestRefused
from emgdeploy.link.session import Session

_STATE, _DATA, _COMMIT, _ROLL_BACK = range(4)
_ID = 32
_ANSWER = struct.Struct(f"<BBHI{_ID}s{_ID}s")
AS_BUILT = "0"


@dataclass(frozen=True)
class State:
    """size: bytes of a set. active, before: identities of the set in use and of the one that a roll-back leads to, 64
    hexadecimal digits or "0" as built. writes: how often storage was erased for a set."""

    size: int
    active: str
    before: str
    writes: int


def state(session: Session) -> State:
    """What is in use. Raises RequestRefused for a firmware without, LinkError's children."""
    return _ask(session, struct.pack("<BBH", _STATE, 0, 0))[1]


def write(session: Session, identity: str, data: bytes, payload: int) -> State:
    """Send a set, and let it be used from the next window on; payload: bytes that the device takes at once.

    Asked again after an answer was lost, the device does nothing twice. Raises ProtocolBreach where the device says
    that it holds something else, RequestRefused, LinkError's children.
    """
    step = payload - 4
    for offset in range(0, len(data), step):
        _ask(session, struct.pack("<BBH", _DATA, 0, offset) + data[offset : offset + step])
    commit = struct.pack("<BBHI", _COMMIT, 0, 0, zlib.crc32(data)) + bytes.fromhex(identity)
    status, found = _ask(session, commit)
    if status or found.active != identity:
        raise ProtocolBreach("it holds other parameters than it was sent")
    return found


def roll_back(session: Session, identity: str) -> State:
    """Give up the set `identity`, if that is the one in use. Raises RequestRefused, LinkError's children."""
    return _ask(session, struct.pack("<BBH", _ROLL_BACK, 0, 0) + bytes.fromhex(identity))[1]


def _ask(session: Session, payload: bytes) -> tuple[int, State]:
    answer = session.request(wire.PARAMETERS, payload)
    if answer.type == wire.REFUSED:
        raise RequestRefused("parameters")
    if len(answer.payload) != _ANSWER.size:
        raise ProtocolBreach(f"its parameters are described by {len(answer.payload)} bytes")
    status, _, size, writes, active, before = _ANSWER.unpack(answer.payload)
    return status, State(size, _name(active), _name(before), writes)


def _name(identity: bytes) -> str:
    return identity.hex() if any(identity) else AS_BUILT
