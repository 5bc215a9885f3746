"""Going up to a higher baud rate after the handshake, and back down when that does not work."""

from __future__ import annotations

import time

from emgdeploy.link import wire
from emgdeploy.link.faults import NoisyLink
from emgdeploy.link.session import Session

# Between its answer at the old rate and its readiness at the new one a device empties its transmitter.
_SETTLE_S = 0.005
_ASK_TRIES = 3
_ECHO = bytes(range(32, 64)) * 2
_ECHO_PATIENCE_S = 0.4
_GOOD_SHARE = 0.75


def switch(session: Session, target: int) -> bool:
    """Take both sides to `target` bit/s; whether the line works there.

    When it does not, this side is back at the rate it came from, and `alive` tells whether the device is
    too. A device that hears nothing goes back to the rate that it has after reset, within
    options.fallback_s. Raises DeviceReset, Unplugged.
    """
    port, before = session.port, session.port.baud
    if not before or not _device_agrees(session, target) or not port.set_baud(target):
        return False
    time.sleep(_SETTLE_S)
    if _works(session):
        return True
    if target != before:
        _ask_back(session, before)
        port.set_baud(before)
        time.sleep(_SETTLE_S)
    return False


def alive(session: Session) -> bool:
    """Whether the device answers at the port's rate."""
    try:
        return session.request(wire.ECHO, _ECHO, tries=_ASK_TRIES, patience=_ECHO_PATIENCE_S).payload == _ECHO
    except NoisyLink:
        return False


def _device_agrees(session: Session, target: int) -> bool:
    """An answer that was lost may have been a yes, which the new rate will show."""
    try:
        answer = session.request(wire.BAUD, wire.u32(target), tries=_ASK_TRIES)
    except NoisyLink:
        return True
    return answer.type == wire.BAUD_SET and answer.payload == wire.u32(target)


def _works(session: Session) -> bool:
    tries = session.options.baud_tries
    good = 0
    give_up = session.now() + _ECHO_PATIENCE_S
    for attempt in range(tries):
        try:
            answer = session.request(wire.ECHO, _ECHO, tries=1, patience=max(0.0, give_up - session.now()))
            good += answer.payload == _ECHO
        except NoisyLink:
            if not good and attempt >= tries // 2:
                return False
    return good >= tries * _GOOD_SHARE


def _ask_back(session: Session, before: int) -> None:
    """If the device does hear us there, it need not wait until it gives up."""
    try:
        session.request(wire.BAUD, wire.u32(before), tries=2, patience=0.1)
    except NoisyLink:
        return
