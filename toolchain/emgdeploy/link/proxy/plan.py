"""What shall go wrong, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from emgdeploy.link import settings


@dataclass(frozen=True)
class FaultPlan:
    """Rates are chances per byte, in both directions, unless said otherwise.

    replace: another value, any but the byte's own. drop, duplicate, insert: one byte.
    begin_after: so many bytes pass unharmed in each direction first.
    burst_every, burst_length: of so many bytes so many are lost in one piece.
    baud: the line's pace in bit/s, 0 for none. delay_s: most seconds that what the device says at
    once is held back, order kept; the least is 0.
    cooked: a tty that translates line ends (CR to LF on the way to the device, LF to CR LF on the way
    back) and eats 03 11 13 1A. echo: what the host sends comes back to it.
    banner: bytes that the device says first, and again after each reset. log_between, log_inside:
    chance per frame of the device that a line of log text stands before it, or in the middle of it.
    ring: bytes that wait for the device at most; what comes on top is dropped. 0 for no limit.
    garble: bytes turn to noise while the two sides' rates differ.
    pieces: longest piece in which bytes are handed over, 0 for as they come.
    unplug_after, reset_after: bytes through the line, both directions together, after which that
    happens; None for never.
    """

    replace: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    insert: float = 0.0
    begin_after: int = 0
    burst_every: int = 0
    burst_length: int = 0
    baud: int = 0
    delay_s: float = 0.0
    cooked: bool = False
    echo: bool = False
    banner: bytes = b""
    log_between: float = 0.0
    log_inside: float = 0.0
    ring: int = 0
    garble: bool = False
    pieces: int = 0
    unplug_after: int | None = None
    reset_after: int | None = None
    seed: int = 0

    @property
    def byte_rate(self) -> float:
        """Chance that something happens at a byte."""
        return self.replace + self.drop + self.duplicate + self.insert


def parse(text: str) -> FaultPlan:
    """`replace=1e-3,echo=1,baud=115200` as a plan. Raises UsageError naming what may be given."""
    return settings.parse(text, FaultPlan(), "fault", without=("banner",))
