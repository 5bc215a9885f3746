"""Times and what they must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgdeploy.boards import Board
from emgdeploy.link.device_info import DeviceInfo
from emgdeploy.text import printable

EMULATED = "emulated-instructions"
UNKNOWN = "unknown"
"""Where the device's word on its time is not believed."""
EMULATED_GATE = 0.01
"""On an emulated board instructions are counted, not sampled: this much off is another program."""
# QEMU's boards count time in ticks of 25 MHz, an instruction takes a nanosecond: no time is finer than 40 instructions.
_GRAIN = 40


_HOST = "host-clock"
_CYCLES = ("dwt", EMULATED)
# Two crystals differ by parts in 10,000, an RC oscillator by a few in 100; a system clock ticks every 10 ms.
_CLOCKS_DIFFER, _GRAIN_S = 1.05, 0.01
# Times that differ by so much of the largest are the same to anybody who looks at a drawing.
_ALIKE, _COLUMNS = 0.002, 40


@dataclass(frozen=True)
class Timing:
    """expected, measured: instructions (or cycles) per inference; gate: largest |ratio - 1| allowed.

    None where there is nothing to compare with.
    """

    expected: int | None
    measured: int | None
    ratio: float | None
    gate: float | None

    @property
    def held(self) -> bool:
        """Whether the gate holds, or there is none."""
        return self.gate is None or self.ratio is None or abs(self.ratio - 1.0) <= self.gate


def doubt(
    info: DeviceInfo, board: Board, ticks: NDArray[np.uint32], round_trip_s: NDArray[np.float64]
) -> str | None:
    """Why the device's times cannot be what they say, as a sentence; None when they can.

    ticks, round_trip_s: (n,) of the windows answered. An inference lies within its round trip, except on an
    emulated board, whose seconds are not ours.
    """
    source, native = info.timing_source, board.emulator is not None and board.emulator.kind == "native"
    if info.tick_hz == 0:
        return "the device names no tick rate, so its ticks are no times"
    if (source == _HOST) != native or (source == EMULATED and board.emulator is None):
        return f"the device times by {printable(source)[:40]!r}, which {board.name} does not have"
    if source in _CYCLES and info.tick_hz != info.clock_hz:
        return f"the device counts {info.tick_hz:,} cycles a second at a clock of {info.clock_hz:,} Hz"
    if not len(ticks):
        return None
    if not ticks.any():
        return "the device's clock stood still in every inference"
    longer = ticks / info.tick_hz > round_trip_s * _CLOCKS_DIFFER + _GRAIN_S
    if source != EMULATED and longer.any():
        first = int(np.flatnonzero(longer)[0])
        return (
            f"the device says that an inference took {ticks[first] / info.tick_hz:.3g} s, and its answer came "
            f"{round_trip_s[first]:.3g} s after its window was sent"
        )
    return None


def compare(expected: int | None, cycles: NDArray[np.float64], source: str, gate: float | None) -> Timing:
    """gate: the user's; None for the habit: 1 % or one tick of the clock on emulated boards, none elsewhere."""
    measured = round(float(np.median(cycles))) if len(cycles) else None
    if gate is None and source == EMULATED:
        gate = max(EMULATED_GATE, _GRAIN / max(1, expected or 1))
    if expected is None or measured is None or (source != EMULATED and gate is None):
        return Timing(expected, measured, None, None)
    return Timing(expected, measured, measured / expected, gate)


def spread(seconds: NDArray[np.float64]) -> dict[str, float | None]:
    """p50, p99 and max in microseconds; None without any value."""
    if not len(seconds):
        return {"p50": None, "p99": None, "max": None}
    micro = np.asarray(seconds) * 1e6
    return {
        "p50": round(float(np.percentile(micro, 50)), 3),
        "p99": round(float(np.percentile(micro, 99)), 3),
        "max": round(float(micro.max()), 3),
    }


def histogram(seconds: NDArray[np.float64]) -> dict[str, list[Any]] | None:
    """How many fall between edges in microseconds; one column where all but agree, None without any value."""
    if not len(seconds):
        return None
    micro = np.asarray(seconds) * 1e6
    alike = float(np.ptp(micro)) <= _ALIKE * float(micro.max())
    counts, edges = np.histogram(micro, 1 if alike else _COLUMNS)
    return {"edges": [round(float(edge), 3) for edge in edges], "counts": counts.tolist()}


def extremes(cycles: NDArray[np.float64]) -> dict[str, int | None]:
    """min, p50 and max."""
    if not len(cycles):
        return {"min": None, "p50": None, "max": None}
    return {"min": int(cycles.min()), "p50": round(float(np.median(cycles))), "max": int(cycles.max())}


def spread_s(seconds: Sequence[float]) -> dict[str, float | None]:
    """p50, p99 and max in seconds; None without any value."""
    if not seconds:
        return {"p50": None, "p99": None, "max": None}
    return {
        "p50": round(float(np.percentile(seconds, 50)), 6),
        "p99": round(float(np.percentile(seconds, 99)), 6),
        "max": round(max(seconds), 6),
    }
