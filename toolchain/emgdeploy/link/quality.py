"""How good is this cable? Echoes of several lengths, counted and timed."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from emgdeploy.link import framing
from emgdeploy.link.client import DeviceClient

_LENGTHS = (0, 32, 96, 192)


@dataclass(frozen=True)
class Sized:
    """Echoes of one length. wire_bytes: there and back together; seconds of those that came at once."""

    length: int
    wire_bytes: int
    tried: int
    lost: int
    median_s: float | None


@dataclass(frozen=True)
class Quality:
    """What a line did to frames.

    byte_error_rate: estimated chance that a byte is hit; upper: the largest chance that goes with what was
    seen (95%). payload_bytes_per_s: echoed payload, one frame at a time, repeats included. untransparent:
    byte values that do not travel.
    """

    sizes: tuple[Sized, ...]
    byte_error_rate: float
    byte_error_rate_upper: float
    payload_bytes_per_s: float
    frames_rejected: int
    bytes_discarded: int
    resets: int
    untransparent: tuple[int, ...]
    text_safe: bool

    @property
    def grade(self) -> str:
        """In a word or two."""
        if self.byte_error_rate >= 1e-3 or self.resets:
            return "bad"
        if self.byte_error_rate > 0 or self.text_safe:
            return "usable"
        return "clean"


def measure(client: DeviceClient, seconds: float, progress: Callable[[float], None] | None = None) -> Quality:
    """Send echoes for `seconds`. Raises LinkError's children when the line is not usable at all."""
    info = client.connect()
    lengths = [length for length in _LENGTHS if length <= info.max_payload]
    counts = {length: [0, 0] for length in lengths}
    times: dict[int, list[float]] = {length: [] for length in lengths}
    draw = random.Random(0)
    begun = last = time.monotonic()
    payload_bytes = 0
    while (now := time.monotonic()) - begun < seconds:
        for length in lengths:
            took = client.try_echo(draw.randbytes(length))
            counts[length][0] += 1
            if took is None:
                counts[length][1] += 1
            else:
                times[length].append(took)
                payload_bytes += length
        if progress is not None:
            progress(now - last)
            last = now
    elapsed = time.monotonic() - begun
    sizes = tuple(
        Sized(
            length=length,
            wire_bytes=2 * framing.encoded_size(length, client.text_safe),
            tried=counts[length][0],
            lost=counts[length][1],
            median_s=statistics.median(times[length]) if times[length] else None,
        )
        for length in lengths
    )
    rate, upper = _rates(sizes)
    stats = client.stats
    return Quality(
        sizes=sizes,
        byte_error_rate=rate,
        byte_error_rate_upper=upper,
        payload_bytes_per_s=payload_bytes / elapsed,
        frames_rejected=stats.frames_rejected,
        bytes_discarded=stats.bytes_discarded,
        resets=stats.resets,
        untransparent=tuple(sorted(client.untransparent)),
        text_safe=client.text_safe,
    )


def _rates(sizes: tuple[Sized, ...]) -> tuple[float, float]:
    """Hits per byte, and three more hits than seen per byte, which is the 95% bound where none was seen.

    A frame that is hit counts as one hit; that is near enough while most frames get through.
    """
    sent = sum(size.tried * size.wire_bytes for size in sizes)
    lost = sum(size.lost for size in sizes)
    return (lost / sent, (lost + 3 + 1.7 * lost**0.5) / sent) if sent else (0.0, 1.0)
