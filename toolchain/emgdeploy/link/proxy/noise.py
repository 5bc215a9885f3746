"""Bytes in, damaged bytes out."""

from __future__ import annotations

import math
import random
import re

from emgdeploy.link.proxy.plan import FaultPlan

_EATEN = bytes.maketrans(b"", b""), b"\x03\x11\x13\x1a"
_FRAME = re.compile(rb"\x00[^\x00]+\x00|\{[A-Za-z0-9+/]+\}\n")
_LOG = b"[%6d] adc: electrode %d saturated, gain step %d\r\n"


class Noise:
    """One direction's damage. counts: how often each kind happened."""

    def __init__(self, plan: FaultPlan, to_device: bool, seed: int) -> None:
        self._plan = plan
        self._to_device = to_device
        self._random = random.Random(seed)
        self._gap = self._next_gap()
        self._passed = 0  # bytes since the last burst began
        self._unharmed = plan.begin_after
        self.counts = dict.fromkeys(
            ("replace", "drop", "duplicate", "insert", "burst", "log", "log_inside"), 0
        )

    def apply(self, data: bytes, rates_differ: bool = False) -> bytes:
        """What is left of `data` at the other end."""
        if self._plan.log_between or self._plan.log_inside:
            data = self._with_log(data)
        if self._plan.cooked:
            data = self._cooked(data)
        if self._plan.burst_every:
            data = self._without_bursts(data)
        if self._plan.byte_rate:
            harmless, self._unharmed = data[: self._unharmed], max(0, self._unharmed - len(data))
            data = harmless + self._hit(data[len(harmless) :])
        if rates_differ:
            # A receiver at another rate sees other bytes, and another number of them.
            data = self._random.randbytes(self._random.randint(len(data) // 2, len(data)))
        return data

    def _next_gap(self) -> int:
        rate = self._plan.byte_rate
        if rate <= 0:
            return 0
        if rate >= 1:
            return 0
        return int(math.log(1.0 - self._random.random()) / math.log1p(-rate))

    def _hit(self, data: bytes) -> bytes:
        out = bytearray()
        position = 0
        while self._gap < len(data) - position:
            out += data[position : position + self._gap]
            position += self._gap
            out += self._one(data[position])
            position += 1
            self._gap = self._next_gap()
        self._gap -= len(data) - position
        return bytes(out + data[position:])

    def _one(self, byte: int) -> bytes:
        plan, draw = self._plan, self._random.random() * self._plan.byte_rate
        if draw < plan.replace:
            self.counts["replace"] += 1
            return bytes([byte ^ self._random.randint(1, 255)])
        draw -= plan.replace
        if draw < plan.drop:
            self.counts["drop"] += 1
            return b""
        draw -= plan.drop
        if draw < plan.duplicate:
            self.counts["duplicate"] += 1
            return bytes([byte, byte])
        self.counts["insert"] += 1
        return bytes([self._random.randint(0, 255), byte])

    def _without_bursts(self, data: bytes) -> bytes:
        """Of every burst_every bytes the last burst_length are lost."""
        plan = self._plan
        kept = bytearray()
        for byte in data:
            if self._passed < plan.burst_every - plan.burst_length:
                kept.append(byte)
            self._passed += 1
            if self._passed == plan.burst_every:
                self._passed = 0
                self.counts["burst"] += 1
        return bytes(kept)

    def _cooked(self, data: bytes) -> bytes:
        data = data.translate(*_EATEN)
        return data.replace(b"\r", b"\n") if self._to_device else data.replace(b"\n", b"\r\n")

    def _with_log(self, data: bytes) -> bytes:
        return data if self._to_device else _FRAME.sub(self._frame_with_log, data)

    def _frame_with_log(self, match: re.Match[bytes]) -> bytes:
        frame = match.group()
        draw = self._random.random()
        if draw < self._plan.log_inside:
            cut = self._random.randint(1, len(frame) - 1)
            self.counts["log_inside"] += 1
            return frame[:cut] + self._log_line() + frame[cut:]
        if draw < self._plan.log_inside + self._plan.log_between:
            return self._log_line() + frame
        return frame

    def _log_line(self) -> bytes:
        self.counts["log"] += 1
        draw = self._random.randint
        return _LOG % (draw(0, 999999), draw(0, 191), draw(0, 7))
