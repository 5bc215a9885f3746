"""How good is this cable? Echoes of several lengths, counted and timed."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emgdeploy.link import framing, wire
from emgdeploy.link.client import DeviceClient
from emgdeploy.link.framing import Frame

_LENGTHS = (0, 32, 96, 192)
_LONGEST_WAIT_S = 2.0
_SPAN = 1.35  # log-likelihood below its maximum at the one-sided 95% bound


@dataclass(frozen=True)
class Sized:
    """Echoes of one length. wire_bytes: there and back together; median_s: of those that came back.

    lost: those that never came; late: those that came after the time in which a bench would have asked again.
    """

    length: int
    wire_bytes: int
    tried: int
    lost: int
    late: int
    median_s: float | None


@dataclass(frozen=True)
class Quality:
    """What a line did to frames.

    spoilt: damaged pieces that either side saw. Where there are none, echoes that never came were swallowed
    whole, and no byte was hit. byte_error_rate: the likeliest chance that a byte is hit; upper: the largest
    that goes with what was seen (95%). payload_bytes_per_s: echoed payload, one frame at a time.
    untransparent: byte values that do not travel.
    """

    sizes: tuple[Sized, ...]
    spoilt: int
    lost: int
    late: int
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
        tried = sum(size.tried for size in self.sizes)
        if self.byte_error_rate >= 1e-3 or self.resets or self.lost > tried / 2:
            return "bad"
        if self.byte_error_rate > 0 or self.lost or self.text_safe:
            return "usable"
        return "clean"


@dataclass
class _Echoes:
    """Those of one length. times: of those that came back; open: sequence -> when it was sent, for the others."""

    length: int
    tried: int = 0
    late: int = 0
    times: list[float] = field(default_factory=list)
    open: dict[int, tuple[float, bytes]] = field(default_factory=dict)


class _Measurement:
    """The echoes of all lengths. wait: seconds beyond the wire's own in which an answer is in time."""

    def __init__(self, client: DeviceClient, lengths: Sequence[int], now: Callable[[], float]) -> None:
        self._client, self._now = client, now
        self.echoes = [_Echoes(length) for length in lengths]
        self.wait = client.options.reply_timeout
        self._draw = random.Random(0)

    def round(self) -> None:
        """One echo of each length."""
        for echoes in self.echoes:
            payload, begun = self._draw.randbytes(echoes.length), self._now()
            echoes.tried += 1
            sequence, took = self._client.try_echo(payload, self.wait, self.take)
            if took is None:
                echoes.open[sequence] = begun, payload
            else:
                echoes.times.append(took)

    def take(self, frame: Frame) -> None:
        """An answer that was not waited for any more: late, but not lost."""
        for echoes in self.echoes:
            begun, payload = echoes.open.get(frame.sequence, (0.0, b""))
            if frame.type == wire.ECHOED and frame.sequence in echoes.open and frame.payload == payload:
                del echoes.open[frame.sequence]
                took = self._now() - begun
                echoes.times.append(took)
                echoes.late += took > self.wait  # else it came behind a piece of something broken
                self.wait = min(_LONGEST_WAIT_S, max(self.wait, 1.5 * took))


def measure(client: DeviceClient, seconds: float, progress: Callable[[float], None] | None = None) -> Quality:
    """Send echoes for `seconds`. Raises LinkError's children when the line is not usable at all."""
    info = client.connect()
    stats, before = client.stats, client.stats.frames_rejected
    found = _Measurement(client, [n for n in _LENGTHS if n <= info.max_payload], client.now)
    begun = last = client.now()
    while (now := client.now()) - begun < seconds:
        found.round()
        if progress is not None:
            progress(now - last)
            last = now
    elapsed = client.now() - begun
    if any(echoes.open for echoes in found.echoes):
        client.listen(found.wait, found.take)
    sizes = tuple(_sized(echoes, client.text_safe) for echoes in found.echoes)
    spoilt = stats.frames_rejected - before
    rate, upper = error_rate([(s.wire_bytes, s.tried, s.lost if spoilt else 0) for s in sizes])
    return Quality(
        sizes=sizes,
        spoilt=spoilt,
        lost=sum(size.lost for size in sizes),
        late=sum(size.late for size in sizes),
        byte_error_rate=rate,
        byte_error_rate_upper=upper,
        payload_bytes_per_s=sum(e.length * len(e.times) for e in found.echoes) / elapsed,
        frames_rejected=stats.frames_rejected,
        bytes_discarded=stats.bytes_discarded,
        resets=stats.resets,
        untransparent=tuple(sorted(client.untransparent)),
        text_safe=client.text_safe,
    )


def _sized(echoes: _Echoes, text: bool) -> Sized:
    return Sized(
        length=echoes.length,
        wire_bytes=2 * framing.encoded_size(echoes.length, text),
        tried=echoes.tried,
        lost=len(echoes.open),
        late=echoes.late,
        median_s=statistics.median(echoes.times) if echoes.times else None,
    )


def error_rate(seen: Sequence[tuple[int, int, int]]) -> tuple[float, float]:
    """The likeliest chance that a byte is hit, and the largest (95%) that goes with what was seen.

    seen: bytes on the wire of an echo, how many were sent, how many of them did not survive. An echo of n bytes
    survives with chance (1 - p)^n, so that the likelihood has one maximum; it is found by halving.
    """
    sent = sum(size * tried for size, tried, _ in seen)
    if not sent:
        return 0.0, 1.0
    if not any(lost for _, _, lost in seen):
        return 0.0, min(1.0, 3.0 / sent)
    if not any(tried - lost for _, tried, lost in seen):
        return 1.0, 1.0

    def likelihood(p: float) -> float:
        """Its logarithm."""
        keep = math.log1p(-p)
        return sum(
            (tried - lost) * size * keep + lost * math.log(-math.expm1(size * keep))
            for size, tried, lost in seen
        )

    low, high = math.log(1e-12), math.log(0.999)
    for _ in range(100):  # golden section would need fewer, and nobody waits for this
        third = (high - low) / 3
        if likelihood(math.exp(low + third)) < likelihood(math.exp(high - third)):
            low += third
        else:
            high -= third
    best = math.exp((low + high) / 2)
    least, inside, outside = likelihood(best) - _SPAN, math.log(best), math.log(0.999)
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if likelihood(math.exp(middle)) > least else (inside, middle)
    return best, math.exp(inside)
